"""A supervisor at a talk with real phones: who hears whom while she listens, coaches, comes in and takes over."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cti.domain.facts import ContactClosed, MonitorCameIn, MonitorEnded, ReachChanged
from cti.domain.ids import SYSTEM_TRANSFERRED, MonitorEnd
from cti.domain.transfers import GREETED_MS
from cti.ports import Role
from tests.browser.desktop import AGENT_HZ, CALLER_HZ
from tests.browser.sipp import AnsweringPhone, Sound
from tests.browser.telephony import Lines
from tests.e2e.caller import Caller, caller
from tests.e2e.floor import SUPPORT, hire
from tests.e2e.test_transfers import Person, facts_since, is_known, last_number, people
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

ANNS_HZ = 700
"""Of the agent; the supervisor sounds `AGENT_HZ`."""


class Supervisor:
    """Off duty, with a phone that answers at once and sounds a tone."""

    def __init__(self, phone: AnsweringPhone, http: httpx.AsyncClient) -> None:
        self.phone = phone
        self.http = http

    async def does(self, mode: str, contact_id: str) -> None:
        answer = await self.http.post(f"/contacts/{contact_id}/monitor", json={"mode": mode})
        assert answer.status_code == 200, answer.text

    async def leaves(self) -> None:
        assert (await self.http.delete("/monitor")).status_code == 200


@asynccontextmanager
async def supervisor(centre: RunningCentre, extension: str, folder: Path) -> AsyncIterator[Supervisor]:
    (hired,) = await hire(centre, [extension], role=Role.SUPERVISOR)
    await soon(lambda: is_known(centre, hired), what="the switch has her phone")
    place = folder / extension
    place.mkdir()
    client = httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", timeout=PATIENCE_S, trust_env=False)
    phone = AnsweringPhone(hired, centre.endpoints().sip, folder=place, hz=AGENT_HZ, steady=True)
    async with client, phone:
        given = {"login": hired.login, "password": hired.password}
        token = (await client.post("/tokens", json=given)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        own = (await client.get("/session")).json()["agent_id"]
        await soon(lambda: _can_ring(centre, own), what="the engine knows of her phone")
        yield Supervisor(phone, client)


def _can_ring(centre: RunningCentre, agent_id: str) -> bool:
    changes = [fact for _, fact in centre.facts() if isinstance(fact, ReachChanged) and fact.agent_id == agent_id]
    return bool(changes) and bool(changes[-1].phones)


def strays(centre: RunningCentre) -> list[str]:
    """All channels that we made, supervisors' ears too."""
    rows = [line.split("!") for line in centre.console("core show channels concise").splitlines() if "!" in line]
    return [row[-1] for row in rows if row[-1].startswith(("leg-", "party-", "customer-", "snoop-"))]


async def at_talk(sue: Supervisor, mode: str, ann: Person) -> str:
    """She wants to be at Ann's talk; its contact."""
    contact_id = ann.desk.assignments[ann.talk].contact.contact_id
    await sue.does(mode, contact_id)
    return contact_id


async def hears(sound: Sound, *hz: int) -> None:
    """Wait until what comes from now on is these tones, and nothing else, for half a second."""
    sound.frames.clear()
    await soon(lambda: sound.is_chord(hz) if len(hz) > 1 else sound.is_tone(*hz), what=f"{hz} Hz")


@asynccontextmanager
async def customer(centre: RunningCentre, folder: Path) -> AsyncIterator[Caller]:
    """Waits with music before any agent is there: so he sounds, and nobody waits for the other's first word."""
    ports = centre.home().ports
    async with caller(
        to=SUPPORT,
        centre=centre.endpoints().sip,
        address=ports.CARRIER_ADDRESS,
        port=ports.carrier_sip + 4,
        number="+79165559201",
        folder=folder,
        hz=CALLER_HZ,
        steady=True,
    ) as called:
        await soon(lambda: called.sound.frames, what="he hears music")
        yield called


async def test_listen_coach_come_in_take_over_by_tones(centre: RunningCentre, tmp_path: Path) -> None:
    before = last_number(centre)
    async with (
        customer(centre, tmp_path) as called,
        people(centre, ["311"], tmp_path, hz=ANNS_HZ) as (ann,),
        supervisor(centre, "312", tmp_path) as sue,
    ):
        await ann.has("active")
        await ann.phone.hears(CALLER_HZ)

        contact_id = await at_talk(sue, "listen", ann)
        await sue.phone.hears_together(ANNS_HZ, CALLER_HZ)
        await ann.phone.hears(CALLER_HZ)
        await hears(called.sound, ANNS_HZ)

        await sue.does("coach", contact_id)
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await sue.phone.hears_together(ANNS_HZ, CALLER_HZ)
        await hears(called.sound, ANNS_HZ)

        await sue.does("listen", contact_id)
        await ann.phone.hears(CALLER_HZ)
        await sue.phone.hears_together(ANNS_HZ, CALLER_HZ)

        await sue.does("barge", contact_id)
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await sue.phone.hears_together(ANNS_HZ, CALLER_HZ)
        await hears(called.sound, AGENT_HZ, ANNS_HZ)

        await sue.does("take_over", contact_id)
        await ann.has("wrap_up")
        await ann.phone.hung_up()
        await sue.phone.hears(CALLER_HZ)
        await hears(called.sound, AGENT_HZ)
        # One who has had a customer for less has not said goodbye to him, and he would wait again.
        over = time.monotonic() + GREETED_MS / 1000
        await soon(lambda: time.monotonic() > over, what="she has had him for a while")
        await sue.leaves()
        assert await called.was_hung_up()
        await soon(lambda: not strays(centre), what="no phantom stays")
        closed = [fact for fact in facts_since(centre, before, ContactClosed) if fact.contact_id == contact_id]
        assert [fact.disposition for fact in closed] == [SYSTEM_TRANSFERRED]
        assert len(facts_since(centre, before, MonitorCameIn)) == 1


@pytest.mark.lesson(4)
async def test_the_engine_dies_while_she_coaches_and_the_talk_outlives_her(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    before = last_number(centre)
    async with people(centre, ["311"], tmp_path, hz=ANNS_HZ) as (ann,), supervisor(centre, "312", tmp_path) as sue:
        call = await lines.call("+79165559202")
        await ann.has("active")
        contact_id = await at_talk(sue, "coach", ann)
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        killed = centre.kill("engine")
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await ann.desk.until(lambda desk: desk.connected and bool(desk.assignments), limit_s=PATIENCE_S)
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await sue.does("listen", contact_id)
        await ann.phone.hears(CALLER_HZ)
        await sue.phone.hears_together(ANNS_HZ, CALLER_HZ)

        await ann.does("hold")
        await sue.does("coach", contact_id)
        await ann.phone.hears(AGENT_HZ)
        await ann.does("resume")
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await sue.leaves()
        await sue.phone.hung_up()
        await soon(lambda: [one for one in strays(centre) if not one.startswith("leg-")] == [], what="no ear stays")
        await ann.phone.hears(CALLER_HZ)
        await at_talk(sue, "coach", ann)
        await ann.phone.hears_together(AGENT_HZ, CALLER_HZ)
        await lines.hang_up(call)
        await ann.has("wrap_up")
        await soon(lambda: not strays(centre), what="no phantom stays")
        assert [fact.how for fact in facts_since(centre, before, MonitorEnded)] == [MonitorEnd.LEFT, MonitorEnd.OVER]
