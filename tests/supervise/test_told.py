"""What `cti status` tells of the lead."""

import asyncio
import contextlib
from pathlib import Path

from cti.home import Home, Settings
from cti.supervise.told import Told, ask
from cti.web.server import bind
from cti.web.standby import Waiting, answering
from tests.running import free_port_base


async def test_a_standby_is_told_with_its_reign_and_how_far_it_has_folded(tmp_path: Path) -> None:
    home = await asyncio.to_thread(Home.make, tmp_path / "h", Settings(port_base=free_port_base()))
    assert await asyncio.to_thread(ask, home) == Told()
    waiting = Waiting(epoch=7, leader="http://10.0.0.1:21000", number=1042)
    with contextlib.closing(bind("127.0.0.1", home.ports.web)) as listener:
        async with answering(listener, waiting=lambda: waiting, cert=None, key=None):
            said = await asyncio.to_thread(ask, home)
    assert said.words == "standby behind reign 7 at http://10.0.0.1:21000, journal folded up to entry 1042"


def test_a_leader_without_its_database_says_where_its_journal_is() -> None:
    assert Told().words == ""
    assert Told(leads=True, epoch=3, spooling=False).words == "leads, reign 3"
    assert "this machine's disk" in Told(leads=True, epoch=3, spooling=True).words
    assert Told(leads=False, epoch=3, spooling=False).words == "reign 3, not known to lead now"
