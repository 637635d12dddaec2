"""What counts as a sound part of a home."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from cti.home import Home, JournalPlace, Settings
from cti.setup.asterisk import AsteriskInstall
from cti.supervise import parts
from cti.web.server import bind
from cti.web.standby import Waiting, answering
from tests.running import free_port_base


@pytest.fixture
def install(tmp_path: Path) -> AsteriskInstall:
    return AsteriskInstall(
        argv_prefix=("asterisk",),
        modules_dir=tmp_path,
        data_dir=tmp_path,
        sounds_dir=tmp_path,
        moh_dir=tmp_path,
        version="22.10.1",
    )


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    settings = Settings(
        port_base=free_port_base(), database="postgresql://nobody@127.0.0.1/none", journal=JournalPlace.DATABASE
    )
    return await asyncio.to_thread(Home.make, tmp_path / "h", settings)


async def test_an_engine_that_stands_by_is_sound(home: Home, install: AsteriskInstall) -> None:
    engine = next(part for part in parts.of(home, install) if part.name == "engine")
    with pytest.raises(ConnectionRefusedError):
        await engine.is_ready()
    waiting = Waiting(epoch=1, leader="http://10.0.0.1:21000", number=42)
    starting = Waiting(epoch=1, leader="", number=42, standby=False, leads=True)
    with contextlib.closing(bind("127.0.0.1", home.ports.web)) as listener:
        async with answering(listener, waiting=lambda: waiting, cert=None, key=None):
            assert await engine.is_ready()
            assert engine.stands_by is not None
            assert await engine.stands_by()
            assert not await engine.answers(), "it serves nobody yet"
        async with answering(listener, waiting=lambda: starting, cert=None, key=None):
            assert not await engine.is_ready(), "who leads in a moment is to be waited for"
            assert not await engine.stands_by()
            assert engine.waits is not None
            assert not await engine.waits(), "it has a limited time to start"


@pytest.mark.parametrize("journal", JournalPlace)
async def test_an_engine_without_its_database_waits_and_is_not_ready(
    tmp_path: Path, install: AsteriskInstall, journal: JournalPlace
) -> None:
    settings = Settings(port_base=free_port_base(), database="postgresql://nobody@127.0.0.1/none", journal=journal)
    home = await asyncio.to_thread(Home.make, tmp_path / "h", settings)
    engine = next(part for part in parts.of(home, install) if part.name == "engine")
    without = Waiting(epoch=1, leader="", number=42, standby=False, leads=True, awaits_database=True)
    with contextlib.closing(bind("127.0.0.1", home.ports.web)) as listener:
        async with answering(listener, waiting=lambda: without, cert=None, key=None):
            assert engine.waits is not None
            assert await engine.waits()
            assert not await engine.is_ready()
            assert not await engine.answers()
