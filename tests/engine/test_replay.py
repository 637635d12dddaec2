from dataclasses import replace

from msgspec import structs

from cti.domain.events import AgentBecameReady, HangUpRequested, WrapUpFinished
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import AgentId, DispositionId
from cti.engine.replay import replay
from cti.ports import Entry
from tests.engine.world import Centre


def day() -> Centre:
    centre = Centre()
    for number in range(1, 6):
        contact_id = centre.call(f"n1-{number}")
        centre.now += 5_000
        centre.answer(contact_id)
        assignment_id = centre.acd.state.contacts[contact_id].assignment_id
        assert assignment_id is not None
        centre.do(HangUpRequested(assignment_id=assignment_id))
        centre.do(WrapUpFinished(assignment_id=assignment_id, disposition=DispositionId("resolved")))
    return centre


def test_a_day_decided_again_is_the_same_day() -> None:
    entries = day().entries
    first, again = replay(lambda: entries), replay(lambda: entries)
    assert first.differences == ()
    assert first.events == len(entries)
    assert first.digest == again.digest


def test_another_decision_is_named_and_brings_no_others_after_it() -> None:
    entries = list(day().entries)
    at = next(
        index for index, entry in enumerate(entries) if any(isinstance(fact, AssignmentOffered) for fact in entry.facts)
    )
    offered = next(fact for fact in entries[at].facts if isinstance(fact, AssignmentOffered))
    changed = structs.replace(offered, why=structs.replace(offered.why, ready=99))
    entries[at] = replace(entries[at], facts=tuple(changed if fact is offered else fact for fact in entries[at].facts))
    found = replay(lambda: entries)
    assert [difference.number for difference in found.differences] == [entries[at].number]
    assert found.differences[0].detail.startswith("AssignmentOffered.why: Why(rule=")


def test_a_refusal_is_a_decision_too() -> None:
    centre = day()
    refused = AgentBecameReady(agent_id=AgentId("nobody"))
    entries = [
        *centre.entries,
        Entry(number=len(centre.entries) + 1, at_ms=centre.now, event=refused, facts=(), refused="There is no agent."),
    ]
    assert replay(lambda: entries).differences == ()
    entries[-1] = replace(entries[-1], refused=None)
    assert len(replay(lambda: entries).differences) == 1
