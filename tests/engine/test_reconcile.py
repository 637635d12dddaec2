from dataclasses import replace

import pytest

from cti.domain.commands import DropBridge, EndLeg, HoldLeg, JoinLegs
from cti.domain.events import HangUpRequested, HoldRequested, LegAnswered, LegEnded, RingFailed
from cti.domain.ids import BridgeId, LegCause, LegId
from cti.domain.state import State
from cti.engine import reconcile
from cti.engine.reconcile import Difference
from cti.ports import ListedBridge, ListedLeg, Listing
from cti.variables import BRIDGE_PREFIX
from tests.engine.world import NODE, Centre, caller

NOTHING = Difference(events=(), callers=(), commands=(), suspected=frozenset())


def compare(
    state: State,
    listing: Listing,
    *,
    ripe: frozenset[LegId] = frozenset(),
    ended: frozenset[LegId] = frozenset(),
    alone: frozenset[LegId] = frozenset(),
) -> Difference:
    """With a state that did not change while the list was on its way."""
    before = frozenset(reconcile.held_legs(state, NODE))
    return reconcile.compare(state, listing, before=before, ripe=ripe, ended=ended, alone=alone)


def listed_caller(leg: str) -> ListedLeg:
    return ListedLeg(leg_id=LegId(leg), answered=True, caller=caller(leg), assignment_id=None)


def listed_agent(leg: LegId, *, answered: bool = True) -> ListedLeg:
    assignment = leg.removeprefix("leg-").rsplit("-", 1)[0]
    return ListedLeg(leg_id=leg, answered=answered, caller=None, assignment_id=assignment)  # type: ignore[arg-type]  # the id's text is the id


def listing(*legs: ListedLeg, bridges: tuple[ListedBridge, ...] = (), others: tuple[str, ...] = ()) -> Listing:
    return Listing(node=NODE, legs=legs, bridges=bridges, other_channels=frozenset(LegId(other) for other in others))


def talk(centre: Centre, leg: str) -> tuple[LegId, ListedBridge]:
    """A talk under way: the agent's leg, and the bridge as the switch would list it."""
    contact_id = centre.call(leg)
    agent_leg = centre.answer(contact_id)
    bridge = ListedBridge(bridge_id=BridgeId(BRIDGE_PREFIX + contact_id), legs=frozenset({LegId(leg), agent_leg}))
    return agent_leg, bridge


def test_agreement_asks_for_nothing() -> None:
    centre = Centre()
    agent_leg, bridge = talk(centre, "n1-1")
    found = compare(centre.acd.state, listing(listed_caller("n1-1"), listed_agent(agent_leg), bridges=(bridge,)))
    assert found == NOTHING


@pytest.mark.lesson(11)
def test_a_leg_that_one_list_lacks_is_only_suspected() -> None:
    centre = Centre(agents=0)
    centre.call("n1-1")
    found = compare(centre.acd.state, listing())
    assert found.events == ()
    assert found.suspected == {"n1-1"}


@pytest.mark.lesson(5)
def test_a_leg_that_two_lists_lack_has_ended() -> None:
    centre = Centre(agents=0)
    centre.call("n1-1")
    found = compare(centre.acd.state, listing(), ripe=frozenset({LegId("n1-1")}))
    assert found.events == (LegEnded(leg_id=LegId("n1-1"), cause=LegCause.LOST),)
    assert found.suspected == frozenset()


def test_a_caller_in_the_fallback_queue_is_neither_gone_nor_ours() -> None:
    centre = Centre(agents=0)
    centre.call("n1-1")
    found = compare(centre.acd.state, listing(others=("n1-1",)), ripe=frozenset({LegId("n1-1")}))
    assert found == NOTHING


@pytest.mark.lesson(5)
def test_a_ring_that_two_lists_lack_has_failed() -> None:
    centre = Centre()
    contact_id = centre.call("n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    assert assignment.contact_id == contact_id
    assert assignment.leg_id is not None
    found = compare(centre.acd.state, listing(listed_caller("n1-1")), ripe=frozenset({assignment.leg_id}))
    assert found.events == (RingFailed(assignment_id=assignment.id, leg_id=assignment.leg_id, cause=LegCause.LOST),)


@pytest.mark.lesson(9)
@pytest.mark.lesson(10)
def test_an_unknown_caller_is_let_in() -> None:
    found = compare(Centre().acd.state, listing(listed_caller("n1-9")))
    assert [entered.leg_id for entered in found.callers] == ["n1-9"]


def test_the_leg_of_a_closed_contact_is_hung_up_and_not_let_in_again() -> None:
    found = compare(Centre().acd.state, listing(listed_caller("n1-9")), ended=frozenset({LegId("n1-9")}))
    assert found.callers == ()
    assert found.commands == (EndLeg(leg_id=LegId("n1-9"), node=NODE),)


@pytest.mark.lesson(5)
def test_both_legs_of_a_talk_in_wrap_up_are_hung_up() -> None:
    centre = Centre()
    agent_leg, bridge = talk(centre, "n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    centre.do(HangUpRequested(assignment_id=assignment.id))
    found = compare(centre.acd.state, listing(listed_caller("n1-1"), listed_agent(agent_leg), bridges=(bridge,)))
    assert found.events == ()
    assert set(found.commands) == {
        EndLeg(leg_id=LegId("n1-1"), node=NODE),
        EndLeg(leg_id=agent_leg, node=NODE),
        DropBridge(bridge_id=bridge.bridge_id, node=NODE),
    }


def test_legs_of_wrap_up_that_are_gone_are_not_missed() -> None:
    centre = Centre()
    talk(centre, "n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    centre.do(HangUpRequested(assignment_id=assignment.id))
    assert compare(centre.acd.state, listing()) == NOTHING


def test_an_agents_leg_that_serves_nothing_is_hung_up() -> None:
    found = compare(Centre().acd.state, listing(listed_agent(LegId("leg-a99-1"))))
    assert found.commands == (EndLeg(leg_id=LegId("leg-a99-1"), node=NODE),)


@pytest.mark.lesson(9)
def test_an_answer_that_nobody_heard_is_told_now() -> None:
    centre = Centre()
    centre.call("n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    assert assignment.leg_id is not None
    found = compare(centre.acd.state, listing(listed_caller("n1-1"), listed_agent(assignment.leg_id)))
    assert found.events == (LegAnswered(assignment_id=assignment.id, leg_id=assignment.leg_id, node=NODE),)


def test_a_leg_that_still_rings_is_left_alone() -> None:
    centre = Centre()
    centre.call("n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    assert assignment.leg_id is not None
    ringing = listed_agent(assignment.leg_id, answered=False)
    assert compare(centre.acd.state, listing(listed_caller("n1-1"), ringing)) == NOTHING


def test_two_living_legs_of_a_talk_that_share_no_bridge_are_joined_again() -> None:
    centre = Centre()
    agent_leg, bridge = talk(centre, "n1-1")
    found = compare(centre.acd.state, listing(listed_caller("n1-1"), listed_agent(agent_leg)))
    (command,) = found.commands
    assert isinstance(command, JoinLegs)
    assert (command.bridge_id, command.caller_leg, command.agent_leg) == (bridge.bridge_id, "n1-1", agent_leg)


def test_a_talk_whose_agent_leg_is_gone_is_not_joined() -> None:
    centre = Centre()
    agent_leg, _ = talk(centre, "n1-1")
    found = compare(centre.acd.state, listing(listed_caller("n1-1")))
    assert found.commands == ()
    assert found.suspected == {agent_leg}


def test_a_caller_who_entered_while_the_list_was_on_its_way_is_not_missed() -> None:
    centre = Centre(agents=0)
    before = frozenset(reconcile.held_legs(centre.acd.state, NODE))
    centre.call("n1-1")
    found = reconcile.compare(centre.acd.state, listing(), before=before, ripe=frozenset({LegId("n1-1")}))
    assert found == NOTHING


def test_a_talk_that_nobody_knows_is_left_alone_while_both_legs_live() -> None:
    strays = (listed_caller("n1-9"), listed_agent(LegId("leg-a99-1")))
    legs = frozenset(leg.leg_id for leg in strays)
    bridge = ListedBridge(bridge_id=BridgeId(BRIDGE_PREFIX + "c98"), legs=legs)
    assert compare(Centre().acd.state, listing(*strays, bridges=(bridge,))) == NOTHING
    found = compare(Centre().acd.state, listing(strays[0], bridges=(bridge,)))
    assert [caller.leg_id for caller in found.callers] == ["n1-9"]
    assert found.commands == (DropBridge(bridge_id=bridge.bridge_id, node=NODE),)


def test_a_customer_on_hold_who_still_shares_the_talk_is_taken_out_of_it() -> None:
    centre = Centre()
    agent_leg, bridge = talk(centre, "n1-1")
    assignment = next(iter(centre.acd.state.assignments.values()))
    centre.do(HoldRequested(assignment_id=assignment.id))
    found = compare(centre.acd.state, listing(listed_caller("n1-1"), listed_agent(agent_leg), bridges=(bridge,)))
    (command,) = found.commands
    assert isinstance(command, HoldLeg)
    assert command.leg_id == "n1-1"


@pytest.mark.lesson(5)
def test_a_callers_end_is_told_before_his_agents() -> None:
    centre = Centre()
    agent_leg, _ = talk(centre, "n1-1")
    found = compare(centre.acd.state, listing(), ripe=frozenset({agent_leg, LegId("n1-1")}))
    assert [event.leg_id for event in found.events if isinstance(event, LegEnded)] == ["n1-1", agent_leg]


# -- the node died -----------------------------------------------------------------------------------------------------


def test_a_caller_older_than_the_nodes_process_was_cut_off_and_one_list_is_enough() -> None:
    centre = Centre()
    talk(centre, "n1-1")
    centre.now += 1_000
    started_ms = centre.now
    centre.now += 1_000
    centre.call("n1-2")
    found = compare(centre.acd.state, replace(listing(), started_ms=started_ms))
    assert found.cut == ("n1-1",)
    assert "n1-2" in found.suspected, "he came after it began: he may have hung up"
    assert "n1-1" not in found.suspected


def test_a_caller_whom_a_node_that_lives_has_no_more_was_not_cut_off() -> None:
    centre = Centre()
    started_ms = centre.now - 1_000
    centre.call("n1-1")
    assert not compare(centre.acd.state, replace(listing(), started_ms=started_ms)).cut
