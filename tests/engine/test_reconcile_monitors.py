"""Supervisors at talks after a gap: who still listens is put to it again, and what nobody hears by goes."""

import pytest

from cti.domain.commands import DropBridge, EndLeg, JoinParty, Overhear
from cti.domain.events import LegEnded, MonitorLeft, MonitorRequested, PartyAnswered, PartyFailed
from cti.domain.ids import AgentId, BridgeId, ContactId, LegCause, LegId, MonitorMode
from cti.domain.monitor import Monitor, ear_of
from cti.engine.reconcile import Difference
from cti.ports import ListedBridge, ListedLeg
from cti.variables import BRIDGE_PREFIX
from tests.engine.test_reconcile import NOTHING, compare, listed_agent, listed_caller, listing
from tests.engine.world import NODE, Centre


class Talk:
    """u1 talks to a caller; u2, who supervises, wants to hear it."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.contact_id: ContactId = self.centre.call("n1-1")
        self.agents = self.centre.answer(self.contact_id)
        self.wants(MonitorMode.LISTEN)
        self.leg = self.monitor.leg_id

    @property
    def monitor(self) -> Monitor:
        (found,) = self.centre.acd.state.monitors.values()
        return found

    @property
    def ear(self) -> LegId:
        assert self.monitor.snoop is not None
        return self.monitor.snoop

    def wants(self, mode: MonitorMode) -> None:
        supervisor = next(one for one in ("u1", "u2") if not self.centre.acd.state.agents[AgentId(one)].assignment_ids)
        self.centre.do(MonitorRequested(contact_id=self.contact_id, agent_id=AgentId(supervisor), mode=mode))

    def answers(self) -> None:
        self.centre.do(PartyAnswered(leg_id=self.leg, node=NODE))

    def compared(
        self, *legs: ListedLeg, ears: tuple[LegId, ...] | None = None, ripe: frozenset[LegId] = frozenset()
    ) -> Difference:
        """With the talk whole, these legs besides, and these in her bridge."""
        talk = ListedBridge(
            bridge_id=BridgeId(BRIDGE_PREFIX + self.contact_id), legs=frozenset({LegId("n1-1"), self.agents})
        )
        bridges = (talk,) if ears is None else (talk, ListedBridge(bridge_id=ear_of(self.leg), legs=frozenset(ears)))
        both = (listed_caller("n1-1"), listed_agent(self.agents))
        return compare(self.centre.acd.state, listing(*both, *legs, bridges=bridges), ripe=ripe)


def supervisors(leg: LegId, *, answered: bool = True) -> ListedLeg:
    return ListedLeg(leg_id=leg, answered=answered, caller=None, assignment_id=None, party=True)


def ear(leg: LegId) -> ListedLeg:
    return ListedLeg(leg_id=leg, answered=True, caller=None, assignment_id=None, ear=True)


def test_one_who_listens_is_left_as_she_is() -> None:
    talk = Talk()
    talk.answers()
    assert talk.compared(supervisors(talk.leg), ear(talk.ear), ears=(talk.leg, talk.ear)) == NOTHING


def test_an_answer_that_nobody_heard_is_told_now() -> None:
    talk = Talk()
    assert talk.compared(supervisors(talk.leg)).events == (PartyAnswered(leg_id=talk.leg, node=NODE),)


def test_a_ring_that_two_lists_lack_has_failed() -> None:
    talk = Talk()
    found = talk.compared(ripe=frozenset({talk.leg}))
    assert found.events == (PartyFailed(leg_id=talk.leg, cause=LegCause.LOST),)


def test_who_should_hear_and_has_no_ear_gets_one_as_her_state_says() -> None:
    talk = Talk()
    talk.answers()
    talk.wants(MonitorMode.COACH)
    (order,) = talk.compared(supervisors(talk.leg)).commands
    assert isinstance(order, Overhear)
    assert (order.spied, order.snoop, order.whispering) == (talk.agents, talk.ear, True)


def test_an_ear_that_is_there_is_not_made_twice() -> None:
    talk = Talk()
    talk.answers()
    (order,) = talk.compared(supervisors(talk.leg), ear(talk.ear), ears=(talk.leg,)).commands
    assert isinstance(order, JoinParty)
    assert (order.bridge_id, order.legs) == (ear_of(talk.leg), (talk.leg, talk.ear))


@pytest.mark.parametrize("lost", ["leg", "ear"])
def test_what_two_lists_lack_has_ended(lost: str) -> None:
    talk = Talk()
    talk.answers()
    gone, there = (talk.leg, ear(talk.ear)) if lost == "leg" else (talk.ear, supervisors(talk.leg))
    found = talk.compared(there, ripe=frozenset({gone}))
    assert found.events == (LegEnded(leg_id=gone, cause=LegCause.LOST),)


@pytest.mark.lesson(4)
def test_all_that_is_left_of_one_who_is_gone_goes_and_the_talk_stays() -> None:
    talk = Talk()
    talk.answers()
    leg, hers = talk.leg, talk.ear
    talk.centre.do(MonitorLeft(agent_id=talk.monitor.agent_id))
    found = talk.compared(supervisors(leg), ear(hers), ears=(leg, hers))
    assert set(found.commands) == {
        EndLeg(leg_id=leg, node=NODE),
        EndLeg(leg_id=hers, node=NODE),
        DropBridge(bridge_id=ear_of(leg), node=NODE),
    }
    assert found.events == ()


def test_who_came_in_while_nobody_looked_is_put_into_the_talk_and_her_ear_goes() -> None:
    talk = Talk()
    talk.answers()
    hers = talk.ear
    talk.wants(MonitorMode.BARGE)
    commands = talk.compared(supervisors(talk.leg), ear(hers), ears=(talk.leg, hers)).commands
    assert EndLeg(leg_id=hers, node=NODE) in commands
    assert DropBridge(bridge_id=ear_of(talk.leg), node=NODE) in commands
    (joined,) = [one for one in commands if isinstance(one, JoinParty)]
    assert joined.bridge_id == BRIDGE_PREFIX + talk.contact_id
    assert talk.leg in joined.legs
