"""`cti call`: an agent's real SIP phone rings, then the carrier is dialled; and what the ledger tells of it."""

import asyncio
import json
import subprocess
import sys

import pytest

from cti.database import open_database
from cti.demo.carrier import Seen, Step, Who
from cti.domain.ids import LegCause, ProjectId
from cti.store.do_not_call import StoredDoNotCall
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

REACHED, BUSY = "+79165557101", "+79165557100"
WANTS_NO_CALLS = "+79165557111"


async def called(centre: RunningCentre, agent: str, number: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cti", "call", agent, number, "--home", str(centre.path), *options]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


async def test_the_command_tells_each_stage_and_whether_they_talk(centre: RunningCentre) -> None:
    (agent,) = await hire(centre, ["183"])
    seen: list[Seen] = []
    async with floor(centre, [agent]) as made:
        made.carrier.listen(seen.append)
        done = await called(centre, "183", REACHED)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "You are talking."
        await soon(
            lambda: any(one.who is Who.CALLED and one.step is Step.HEARD for one in seen), what="he hears the agent"
        )
        for one in [one for one in seen if one.who is Who.CALLED and one.step is Step.ANSWERED]:
            await made.carrier.hang_up_called(one.leg)
        await soon(lambda: not made.agents.desks.all[0].assignments, what="the call is coded")

        done = await called(centre, "hired183", BUSY, "--json")
        told = json.loads(done.stdout)
        assert (done.returncode, told["missed"], told["sentence"]) == (1, LegCause.BUSY, "The line is busy.")


async def test_the_command_says_why_a_number_is_not_called(centre: RunningCentre) -> None:
    (agent,) = await hire(centre, ["183"])
    database = open_database(centre.home().database_url)
    await StoredDoNotCall(database).add([WANTS_NO_CALLS], project_id=ProjectId("telecom"), reason="", actor="test")
    await database.close()
    async with floor(centre, [agent]):
        # The list comes last: what another process enters holds within a second, and each command takes longer.
        for number, words in (
            ("+442079460000", "GB"),
            ("112", "no telephone number"),
            ("88091234567", "cost extra"),
            (WANTS_NO_CALLS, "do-not-call"),
        ):
            done = await called(centre, "183", number)
            assert (done.returncode, done.stdout) == (2, "")
            assert words in done.stderr
    assert (await called(centre, "nobody", REACHED)).returncode != 0
