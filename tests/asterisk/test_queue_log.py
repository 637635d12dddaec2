"""Stock queue reports count every contact, and the switch knows who is at work."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.asterisk import queue_log_writer
from cti.asterisk.queue_log import Line, QueueLog
from cti.asterisk.queue_log_writer import QueueLogWriter
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier
from cti.domain.acd import Decision
from cti.domain.events import CallbackRule, Event, Step
from cti.domain.facts import ContactQueued
from cti.domain.ids import LegCause, Medium
from cti.home import DemoAgent
from cti.testing import Scenario
from tests.asterisk.queue_report import QueueReport, report
from tests.asterisk.wires import Ami, played
from tests.domain.unrest import Day
from tests.e2e.floor import Floor, floor, hire
from tests.running import PATIENCE_S, RunningCentre, soon

ANN = "PJSIP/agent-ann"


def written(line: Line, at_ms: int) -> str:
    return "|".join((str(at_ms // 1000), line.call, line.queue, line.agent, line.event, *line.data))


class Logged(Scenario):
    """A day with its log."""

    def __init__(self) -> None:
        self.log_lines: list[str] = []
        self.queue_log = QueueLog(agent=lambda agent_id: f"PJSIP/agent-{agent_id}")
        super().__init__()
        self.queue_log.start(self.state)
        self.queue("support", callback=CallbackRule(), steps=[Step(after_ms=10_000, offer_callback=True)])
        self.queue("sales")

    def _handle(self, event: Event) -> Decision:
        decision = super()._handle(event)
        lines = self.queue_log.lines(decision.facts, self.state)
        self.log_lines += [written(line, self.clock.now_ms) for line in lines]
        return decision

    @property
    def report(self) -> QueueReport:
        return report(self.log_lines)["support"]

    def of(self, event: str) -> list[list[str]]:
        """Agent and data of the lines of this event."""
        rows = [line.split("|") for line in self.log_lines]
        return [[row[3], *row[5:]] for row in rows if row[4] == event]


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_call_is_entered_connected_and_completed_with_its_spans() -> None:
    day = Logged()
    day.call("first")
    day.call("c1")
    day.advance(seconds=7)
    day.caller_hangs_up("first")
    day.agent("ann")
    day.advance(seconds=3)
    day.picks_up("ann")
    day.advance(seconds=61)
    day.caller_hangs_up("c1")
    day.wraps_up("ann")
    assert day.of("ENTERQUEUE") == [["NONE", "voice", "", "1"], ["NONE", "voice", "", "2"]]
    assert day.of("ABANDON") == [["NONE", "1", "1", "7"]]
    ((agent, hold, leg, ring),) = day.of("CONNECT")
    assert (agent, hold, ring) == (ANN, "10", "2"), "the ring waits a moment for the card"
    assert leg.startswith("leg-")
    assert day.of("COMPLETECALLER") == [[ANN, "10", "61", "2"]]
    assert (day.report.entered, day.report.completed, day.report.abandoned, day.report.open) == (2, 1, 1, {})


def test_a_letter_counts_as_a_call_does() -> None:
    day = Logged()
    day.agent("ann")
    day.task("m1", medium=Medium.EMAIL)
    day.advance(seconds=5)
    day.accepts("ann")
    day.advance(seconds=120)
    day.hangs_up("ann")
    day.wraps_up("ann")
    assert day.of("ENTERQUEUE") == [["NONE", "email", "", "1"]]
    assert day.of("CONNECT") == [[ANN, "5", "", "5"]]
    assert day.of("COMPLETEAGENT") == [[ANN, "5", "120", "1"]]
    assert day.report.answered_by == {ANN: 1}


def test_a_ring_without_answer_is_missed_by_its_agent_and_he_is_paused() -> None:
    day = Logged()
    day.agent("ann")
    day.call("c1")
    day.advance(seconds=4)
    day.ring_fails("ann", LegCause.NO_ANSWER)
    assert day.of("RINGNOANSWER") == [[ANN, "3850"]]
    assert day.report.paused == {ANN}


def test_who_comes_and_goes_is_a_member_of_the_queues_that_he_serves() -> None:
    day = Logged()
    day.agent("ann")
    assert day.report.members == {ANN}
    assert day.report.paused == set()
    assert report(day.log_lines)["sales"].members == {ANN}
    day.takes_a_break("ann", "lunch")
    assert day.of("PAUSE")[-1] == [ANN, "lunch"]
    assert day.report.paused == {ANN}


def test_a_caller_who_is_called_back_leaves_by_the_key_and_is_connected_when_he_answers() -> None:
    day = Logged()
    day.call("c1", key="k1")
    day.advance(seconds=20)
    day.presses_the_key("c1")
    assert day.of("EXITWITHKEY") == [["NONE", "1", "1", "1", "20"]]
    day.agent("ann")
    day.picks_up("ann")
    assert day.of("CONNECT") == [], "the agent is there, the customer is not"
    day.advance(seconds=9)
    day.customer_answers("ann")
    day.advance(seconds=30)
    day.customer_hangs_up("ann")
    day.wraps_up("ann")
    assert [row[1] for row in day.of("ENTERQUEUE")] == ["voice", "callback"]
    assert day.of("COMPLETECALLER") == [[ANN, "9", "30", "1"]]
    assert (day.report.entered, day.report.left, day.report.completed, day.report.open) == (2, 1, 1, {})


def test_an_engine_that_starts_again_goes_on_where_the_log_stands() -> None:
    day = Logged()
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.call("c2")
    day.advance(seconds=10)
    day.queue_log = QueueLog(agent=lambda agent_id: f"PJSIP/agent-{agent_id}")
    day.queue_log.start(day.state)
    day.caller_hangs_up("c1")
    day.caller_hangs_up("c2")
    day.wraps_up("ann")
    assert (day.report.completed, day.report.abandoned, day.report.open) == (1, 1, {})
    assert day.report.talk_s == [10]


def what_stands(log: QueueLog) -> Iterator[Line]:
    """What an engine before this one has written of the contacts that are live."""
    for known in log._contacts.values():
        yield Line(queue=known.queue, call=known.call, agent="NONE", event="ENTERQUEUE", data=("", "", "1"))
        if known.connected_ms is not None:
            yield Line(queue=known.queue, call=known.call, agent=known.agent, event="CONNECT", data=("0", "", "0"))


@pytest.mark.timeout(300)
@settings(
    max_examples=max(
        10, int(os.environ.get("TRIUNE_SEQUENCES", "1000")) // 10
    ),  # for a tenth of the days of the invariants
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.binary(min_size=45, max_size=120))
def test_on_any_day_every_contact_is_counted_once_and_leaves_once(script: bytes) -> None:
    day = Day(script[1])
    log, lines = QueueLog(agent=lambda agent_id: f"PJSIP/{agent_id}"), list[str]()
    log.start(day.state)
    before = [written(line, 0) for line in what_stands(log)]
    handle = day.acd.handle

    def noted(event: Event, now: int) -> Decision:
        decision = handle(event, now)
        lines.extend(written(line, 0) for line in log.lines(decision.facts, day.state))
        return decision

    day.acd.handle = noted  # type: ignore[method-assign]  # each decision is to be seen
    for at in range(0, len(script) - 2, 3):
        day.act(script[at], script[at + 1], script[at + 2])
    found = report([*before, *lines])
    live = sum(len(each.open) for each in found.values())
    assert live <= len(day.state.contacts)
    assert all(each.entered == each.completed + each.abandoned + each.left + len(each.open) for each in found.values())


# -- how it is written -------------------------------------------------------------------------------------------------


LINE = Line(queue="support", call="c1", agent="NONE", event="ENTERQUEUE", data=("email", "", "1"))


@asynccontextmanager
async def writing(wire: Ami) -> AsyncIterator[QueueLogWriter]:
    async with played(wire):
        writer = QueueLogWriter(host="127.0.0.1", port=wire.port, username="x", password="x")
        task = asyncio.create_task(writer.run())
        try:
            yield writer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_lines_are_written_in_order_and_many_at_once() -> None:
    wire = Ami()
    async with writing(wire) as writer:
        for number in range(450):
            writer.put(replace(LINE, call=f"c{number}"))
        assert await writer.written_out(within_s=PATIENCE_S)
    found = wire.named("QueueLog")
    assert [each["Uniqueid"] for each in found] == [f"c{number}" for number in range(450)]
    assert (found[0]["Message"], writer.written, writer.lost) == ("email||1", 450, 0)


async def test_no_text_of_a_line_ends_it_or_begins_another_action() -> None:
    wire = Ami()
    async with writing(wire) as writer:
        evil = "x\r\nAction: Command\r\nCommand: core stop now\r\n\r\n"
        writer.put(Line(queue="support", call=evil, agent=evil, event="PAUSE", data=(f"a|b{evil}",)))
        assert await writer.written_out(within_s=PATIENCE_S)
    assert [each["Action"] for each in wire.heard] == ["Login", "QueueLog"]
    assert "|" not in wire.named("QueueLog")[0]["Message"]


async def test_what_is_not_answered_is_written_again_over_the_next_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_log_writer, "_DEADLINE_S", 0.2)
    silent = [True]
    wire = Ami(answer=lambda action: None if action["Action"] == "QueueLog" and silent[0] else "Response: Success")
    async with writing(wire) as writer:
        writer.put(LINE)
        await soon(lambda: wire.named("QueueLog"), what="the line is sent")
        silent.clear()
        silent.append(False)
        assert await writer.written_out(within_s=PATIENCE_S)
    assert len(wire.named("QueueLog")) >= 2


async def test_too_many_and_too_late_lines_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_log_writer, "LIMIT", 3)
    writer = QueueLogWriter(host="127.0.0.1", port=1, username="x", password="x")
    for _ in range(5):
        writer.put(LINE)
    assert (writer.backlog, writer.lost) == (3, 2)
    monkeypatch.setattr(queue_log_writer, "LATE_S", -1.0)
    writer._take()
    assert (writer.backlog, writer.lost) == (0, 5)


# -- on a real Asterisk ------------------------------------------------------------------------------------------------

EXTENSION = "392"
MEMBER = f"PJSIP/agent-{EXTENSION}"


@asynccontextmanager
async def staffed(centre: RunningCentre, agent: DemoAgent) -> AsyncIterator[Floor]:
    """One agent who talks for a second and writes for five what came of it."""
    still, talk = Span(shortest_s=0, longest_s=0), Span(shortest_s=1, longest_s=1)
    async with Carrier(centre.home()) as carrier:
        agents = Agents(centre.endpoints().web, carrier, [agent], ring=still, talk=talk, wrap_s=5)
        async with agents:
            yield Floor(carrier=carrier, agents=agents)


async def letter(centre: RunningCentre) -> str:
    """An e-mail for support comes in; its id."""
    demo = centre.endpoints().demo
    assert demo is not None
    person = {"login": demo.supervisor.login, "password": demo.supervisor.password}
    async with httpx.AsyncClient(base_url=f"{centre.endpoints().web}/api/v1", trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {(await client.post('/tokens', json=person)).json()['token']}"
        given = {"medium": "email", "queue_id": "support", "address": "anna@example.com", "subject": "A question"}
        return str((await client.post("/contacts", json=given)).raise_for_status().json()["contact_id"])


async def called(centre: RunningCentre, made: Floor, number: str, *, stay_s: float) -> str:
    """A call into support; the id of its channel."""
    before = centre.count(ContactQueued)
    call = await made.call(number, stay_s=stay_s)
    await soon(lambda: centre.count(ContactQueued) > before, what="the call waits")
    async with asyncio.timeout(PATIENCE_S):
        await call.ended
    leg = [fact for _, fact in centre.facts() if isinstance(fact, ContactQueued)][before].leg_id
    assert leg is not None
    return leg


def lines_of(centre: RunningCentre, *, calls: Collection[str]) -> list[str]:
    """Of these calls, and of the agent."""
    text = (centre.home().asterisk.directory("log") / "queue_log").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines()]
    return ["|".join(row) for row in rows if row[1] in calls or (row[1] == "NONE" and row[3] == MEMBER)]


@pytest.mark.asterisk
@pytest.mark.timeout(300)
async def test_a_stock_report_and_the_lamps_know_a_call_a_letter_and_who_gave_up(centre: RunningCentre) -> None:
    [agent] = await hire(centre, [EXTENSION])

    def lamp(name: str) -> str:
        """What the switch shows by this hint; a pattern's own is made by asking for it."""
        shown = centre.console(f"core show hint {name}")
        return shown.partition("State:")[2].partition(" ")[0]

    def member() -> str:
        rows = centre.console("queue show fallback-support").splitlines()
        return next((row for row in rows if MEMBER in row), "")

    async with staffed(centre, agent) as made:
        await soon(lambda: "(Not in use)" in member(), what="the static queue knows him as free")
        assert lamp(f"sip{EXTENSION}") == "Idle"
        mail = await letter(centre)
        await soon(lambda: lamp(f"sip{EXTENSION}") == "InUse", what="the letter makes him busy to the switch")
        assert "(in use)" in member().lower()
        assert "(not in use)" not in member().lower()
        await soon(lambda: lamp(f"sip{EXTENSION}") == "Idle", what="he has done with it")
        talk = await called(centre, made, "+79165550061", stay_s=60)
        await soon(lambda: lamp(f"sip{EXTENSION}") == "InUse", what="so does writing what came of a call")
        await soon(lambda: lamp(f"sip{EXTENSION}") == "Idle", what="he has done with that")
    async with floor(centre, []) as nobody:
        gave_up = await called(centre, nobody, "+79165550062", stay_s=2)
    ours = {mail, talk, gave_up}
    await soon(lambda: "|ABANDON|" in "".join(lines_of(centre, calls=ours)), what="the last line is written")
    found = report(lines_of(centre, calls=ours))["support"]
    assert (found.entered, found.connected, found.completed, found.abandoned, found.open) == (3, 2, 2, 1, {})
    assert found.answered_by == {MEMBER: 2}
    assert found.members == set(), "he has signed out"
