"""Who leads on one machine: one at a time, the next as soon as that one is dead, each in a reign of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.errors import OutsideError
from cti.store.lead_file import EPOCH, FileLeadership
from tests.running import PATIENCE_S

CLAIM = """
import asyncio, sys
from pathlib import Path
from cti.store.lead_file import FileLeadership

async def claim():
    leadership = FileLeadership(Path(sys.argv[1]))
    print("asks", flush=True)
    print(await leadership.gained(), leadership.leads, await leadership.confirmed(), flush=True)
    await leadership.lost()

asyncio.run(claim())
"""


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that asks for the lead, and has begun to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLAIM, str(folder), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert await said(process) == "asks"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.server
async def test_the_next_leads_as_soon_as_the_leader_is_killed(tmp_path: Path) -> None:
    async with engine(tmp_path) as first:
        assert await said(first) == "1 True True"
        async with engine(tmp_path) as second:
            loop = asyncio.get_running_loop()
            first.kill()
            killed = loop.time()
            assert await said(second) == "2 True True"
            assert loop.time() - killed < 2, "a twentieth of a second where nothing else runs"


@pytest.mark.server
async def test_nobody_leads_beside_a_leader_who_stands_still(tmp_path: Path) -> None:
    async with engine(tmp_path) as first:
        assert await said(first) == "1 True True"
        os.kill(first.pid, signal.SIGSTOP)
        waits = FileLeadership(tmp_path)
        gaining = asyncio.ensure_future(waits.gained())
        await asyncio.wait((gaining,), timeout=0.3)
        assert not gaining.done()
        assert not waits.leads
        first.kill()
        async with asyncio.timeout(PATIENCE_S):
            assert await gaining == 2


async def test_whoever_resigns_lets_the_next_one_lead(tmp_path: Path) -> None:
    first, second = FileLeadership(tmp_path), FileLeadership(tmp_path)
    assert await first.gained() == await first.gained() == 1
    gaining = asyncio.ensure_future(second.gained())
    first.resign()
    async with asyncio.timeout(PATIENCE_S):
        assert await gaining == 2
    assert (first.leads, second.leads) == (False, True)


async def test_a_home_that_was_copied_without_what_runs_in_it_is_led_too(tmp_path: Path) -> None:
    assert await FileLeadership(tmp_path / "run").gained() == 1
    assert await FileLeadership(tmp_path / "other", numbered=False).gained() == 0


async def test_one_who_gave_up_waiting_holds_nothing(tmp_path: Path) -> None:
    first, second, third = (FileLeadership(tmp_path) for _ in range(3))
    await first.gained()
    given_up = asyncio.ensure_future(second.gained())
    await asyncio.wait((given_up,), timeout=0.05)
    given_up.cancel()
    first.resign()
    async with asyncio.timeout(PATIENCE_S):
        assert await third.gained() == 2
    assert not second.leads


async def test_a_damaged_epoch_is_a_sentence_and_nobody_leads(tmp_path: Path) -> None:
    (tmp_path / EPOCH).write_text("many", encoding="ascii")
    leadership = FileLeadership(tmp_path)
    with pytest.raises(OutsideError, match=r"lead.epoch cannot be used.*write a number into it"):
        await leadership.gained()
    assert not leadership.leads
    (tmp_path / EPOCH).write_text("7", encoding="ascii")
    assert await leadership.gained() == 8
