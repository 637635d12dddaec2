"""Comparing with the node when customers are called back and callers have gone on elsewhere."""

from cti.domain.commands import EndLeg, JoinLegs, PromiseCallback, SendAway
from cti.domain.events import (
    AgentBecameNotReady,
    CallbackRequested,
    CallbackRule,
    ContactArrived,
    DesktopConnected,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    PopShown,
    QueueOpened,
    RingFailed,
    Step,
    TimerFired,
)
from cti.domain.ids import AssignmentId, BridgeId, ContactId, DestinationId, LegCause, LegId, Medium, ReasonId, TimerId
from cti.domain.states import ContactState
from cti.engine import reconcile
from cti.engine.reconcile import Difference
from cti.ports import ListedBridge, ListedLeg
from cti.variables import BRIDGE_PREFIX, CUSTOMER_LEG_PREFIX
from tests.engine.test_reconcile import NOTHING, compare, listed_agent, listed_caller, listing
from tests.engine.world import NODE, QUEUE, Centre


class CalledBack:
    """An agent has answered, and his customer is being dialled."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.state = self.centre.acd.state
        for agent_id in list(self.state.agents):
            self.centre.do(DesktopConnected(agent_id=agent_id))
        self.centre.do(ContactArrived(medium=Medium.CALLBACK, queue_id=QUEUE, arrived_ms=self.centre.now, node=NODE))
        [contact_id] = self.state.contacts
        self.contact_id: ContactId = contact_id
        [offered] = self.state.assignments
        self.centre.do(PopShown(assignment_id=offered))
        self.agent_leg = self.centre.answer(contact_id)
        contact = self.state.contacts[contact_id]
        assert contact.leg_id is not None
        assert contact.assignment_id is not None
        self.customer_leg: LegId = contact.leg_id
        self.assignment_id: AssignmentId = contact.assignment_id

    def customer(self, *, answered: bool) -> ListedLeg:
        assert self.customer_leg == f"{CUSTOMER_LEG_PREFIX}{self.assignment_id}"
        return ListedLeg(leg_id=self.customer_leg, answered=answered, caller=None, assignment_id=self.assignment_id)

    def answered(self) -> LegAnswered:
        return LegAnswered(assignment_id=self.assignment_id, leg_id=self.customer_leg, node=NODE)

    @property
    def bridge_id(self) -> BridgeId:
        return BridgeId(BRIDGE_PREFIX + self.contact_id)


def test_a_customer_who_rings_is_neither_a_caller_nor_left_over_nor_joined() -> None:
    world = CalledBack()
    found = compare(world.state, listing(listed_agent(world.agent_leg), world.customer(answered=False)))
    assert found == NOTHING


def test_a_customer_who_answered_unheard_is_told() -> None:
    world = CalledBack()
    found = compare(world.state, listing(listed_agent(world.agent_leg), world.customer(answered=True)))
    assert found.events == (world.answered(),)
    assert found.commands == ()


def test_a_customer_whose_ring_was_lost_was_not_reached() -> None:
    world = CalledBack()
    found = compare(world.state, listing(listed_agent(world.agent_leg)), ripe=frozenset({world.customer_leg}))
    assert found.events == (
        RingFailed(assignment_id=world.assignment_id, leg_id=world.customer_leg, cause=LegCause.LOST),
    )


def test_both_are_joined_again_when_they_stand_apart() -> None:
    world = CalledBack()
    world.centre.do(world.answered())
    legs = (listed_agent(world.agent_leg), world.customer(answered=True))
    together = ListedBridge(bridge_id=world.bridge_id, legs=frozenset({world.agent_leg, world.customer_leg}))
    assert compare(world.state, listing(*legs, bridges=(together,))) == NOTHING
    [command] = compare(world.state, listing(*legs)).commands
    assert isinstance(command, JoinLegs)
    assert (command.caller_leg, command.agent_leg) == (world.customer_leg, world.agent_leg)


def test_a_customer_who_is_gone_in_the_talk_has_ended_his_leg() -> None:
    world = CalledBack()
    world.centre.do(world.answered())
    found = compare(world.state, listing(listed_agent(world.agent_leg)), ripe=frozenset({world.customer_leg}))
    assert found.events == (LegEnded(leg_id=world.customer_leg, cause=LegCause.LOST),)


def test_a_customer_who_waits_for_another_agent_is_left_alone() -> None:
    world = CalledBack()
    world.centre.do(world.answered())
    world.centre.do(LegEnded(leg_id=world.agent_leg, cause=LegCause.LOST))
    world.centre.now += 60_000
    for agent_id in world.state.agents:
        world.centre.do(AgentBecameNotReady(agent_id=agent_id, reason=ReasonId("break")))
    world.centre.do(TimerFired(timer_id=TimerId(f"rejoin:{world.assignment_id}")))
    assert world.state.contacts[world.contact_id].state is ContactState.WAITING
    assert compare(world.state, listing(world.customer(answered=True))) == NOTHING


def test_a_customer_whose_agent_has_ended_the_talk_is_hung_up() -> None:
    world = CalledBack()
    world.centre.do(world.answered())
    world.centre.do(HangUpRequested(assignment_id=world.assignment_id))
    found = compare(world.state, listing(world.customer(answered=True)))
    assert found.commands == (EndLeg(leg_id=world.customer_leg, node=NODE),)
    assert found.callers == ()


def test_a_callers_leg_that_has_not_left_is_sent_on_its_way_again() -> None:
    centre = Centre(agents=0)
    away = SendAway(contact_id=ContactId("c9"), leg_id=LegId("n1-9"), node=NODE, destination=DestinationId("box"))
    found = reconcile.compare(
        centre.acd.state,
        listing(listed_caller("n1-9"), listed_caller("n1-8")),
        before=frozenset(),
        ended=frozenset({LegId("n1-9"), LegId("n1-8")}),
        farewell=lambda leg_id: away if leg_id == "n1-9" else None,
    )
    assert found == Difference(
        events=(), callers=(), commands=(away, EndLeg(leg_id=LegId("n1-8"), node=NODE)), suspected=frozenset()
    )


def test_a_caller_who_became_a_callback_is_no_new_caller_while_he_hears_the_promise() -> None:
    centre = Centre(agents=0)
    centre.do(
        QueueOpened(
            queue_id=QUEUE,
            project_id=centre.acd.state.queues[QUEUE].rules.project_id,
            steps=(Step(after_ms=0, offer_callback=True),),
            callback=CallbackRule(),
        )
    )
    contact_id = centre.call("n1-1")
    centre.now += 10
    centre.do(TimerFired(timer_id=TimerId(f"step:{contact_id}")))
    decision = centre.do(CallbackRequested(leg_id=LegId("n1-1")))
    promise = PromiseCallback(contact_id=contact_id, leg_id=LegId("n1-1"), node=NODE)
    assert promise in decision.commands
    assert compare(centre.acd.state, listing(others=("n1-1",))) == NOTHING
