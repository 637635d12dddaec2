import asyncio

import pytest

from cti.clock import SystemClock
from cti.domain.acd import Acd, Decision
from cti.domain.events import AgentBecameReady, ClockStepped, HangUpRequested, QueueOpened
from cti.domain.facts import ClockShifted, QueueConfigured
from cti.domain.ids import AgentId, AssignmentId, Milliseconds
from cti.engine import loop as loops
from cti.engine.loop import Loop
from cti.errors import Busy, NotFound, RuleError
from tests.engine.world import PROJECT, QUEUE, MemoryJournal, arrival

OPEN = QueueOpened(queue_id=QUEUE, project_id=PROJECT)


class Desk:
    """What the loop tells of its decisions."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def decided(self, decision: Decision, _: Milliseconds) -> None:
        self.decisions.append(decision)


def loop_with(acd: Acd, *, clock: SystemClock | None = None) -> tuple[Loop, MemoryJournal, Desk]:
    journal, desk = MemoryJournal(), Desk()
    return Loop(acd=acd, clock=clock or SystemClock(), journal=journal, decided=desk.decided), journal, desk


async def test_events_are_decided_in_the_order_of_their_posting_and_journalled_with_their_facts() -> None:
    loop, journal, desk = loop_with(Acd())
    loop.post(OPEN)
    decision = await loop.ask(arrival("n1-1", 1))
    assert [entry.number for entry in journal.written] == [1, 2]
    assert isinstance(journal.written[0].facts[0], QueueConfigured)
    assert desk.decisions[-1] == decision


async def test_a_refused_event_is_journalled_as_refused_and_told_to_who_asked() -> None:
    loop, journal, desk = loop_with(Acd())
    with pytest.raises(NotFound):
        await loop.ask(AgentBecameReady(agent_id=AgentId("u9")))
    (entry,) = journal.written
    assert entry.refused is not None
    assert entry.facts == ()
    assert desk.decisions == []
    assert loop.refused == 1


async def test_an_event_on_which_the_core_fails_is_refused_and_the_day_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    acd = Acd()
    handle = acd.handle

    def failing(event: object, now: Milliseconds) -> Decision:
        if isinstance(event, HangUpRequested):
            acd.state.number += 1
            raise ZeroDivisionError
        return handle(event, now)  # type: ignore[arg-type]  # whatever the loop gives

    monkeypatch.setattr(acd, "handle", failing)
    loop, journal, _ = loop_with(acd)
    with pytest.raises(RuleError):
        await loop.ask(HangUpRequested(assignment_id=AssignmentId("a1")))
    await loop.ask(OPEN)
    assert [entry.refused for entry in journal.written] == ["internal: ZeroDivisionError", None]
    assert loop.crashed == 1


async def test_urgent_events_overtake_ordinary_ones() -> None:
    loop, journal, _ = loop_with(Acd())
    later = asyncio.ensure_future(loop.ask(arrival("n1-1", 1), urgent=False))
    sooner = asyncio.ensure_future(loop.ask(OPEN))
    await asyncio.gather(later, sooner)
    assert [type(entry.event).__name__ for entry in journal.written] == ["QueueOpened", "ContactArrived"]


async def test_the_ordinary_inlet_refuses_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "ORDINARY_LIMIT", 1)
    loop, _, _ = loop_with(Acd())
    loop.post(OPEN)
    first = asyncio.ensure_future(loop.ask(arrival("n1-1", 1), urgent=False))
    second = asyncio.ensure_future(loop.ask(arrival("n1-2", 1), urgent=False))
    answers = await asyncio.gather(first, second, return_exceptions=True)
    assert isinstance(answers[0], Decision)
    assert isinstance(answers[1], Busy)


async def test_a_wall_clock_set_forward_becomes_an_event_before_the_next_one() -> None:
    wall = 1_000_000
    clock = SystemClock(wall_ms=lambda: wall, monotonic_ms=lambda: 0)
    loop, journal, _ = loop_with(Acd(), clock=clock)
    await loop.ask(OPEN)
    wall += 60_000
    await loop.ask(arrival("n1-1", wall))
    assert journal.written[1].event == ClockStepped(by_ms=60_000)
    assert journal.written[1].facts == (ClockShifted(by_ms=60_000),)
    assert journal.written[2].at_ms == wall


async def test_a_long_row_of_events_leaves_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "TURN_S", 0.0)
    loop, journal, _ = loop_with(Acd())
    for _ in range(50):
        loop.post(OPEN)
    await asyncio.sleep(0)
    assert 0 < len(journal.written) < 50
    await loop.ask(OPEN)
    assert len(journal.written) == 51


async def test_while_the_disk_is_full_what_can_wait_is_refused_undecided_and_agents_acts_are_done() -> None:
    loop, journal, _ = loop_with(Acd())
    await loop.ask(OPEN)
    journal.failing = True
    with pytest.raises(Busy):
        await loop.ask(arrival("n1-1", 1), urgent=False)
    assert journal.last_number == 1
    decision = await loop.ask(OPEN)
    assert decision.number == 2
