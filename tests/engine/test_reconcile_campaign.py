"""Comparing with the node when agents stay connected and campaigns dial."""

import pytest

from cti.domain.commands import Apologise, DetectMachine, DialLead, DropBridge, EndLeg, JoinLegs, QuietLine
from cti.domain.events import (
    CalleeAnswered,
    CalleeFailed,
    CampaignOpened,
    CampaignStarted,
    HangUpRequested,
    Lead,
    LeadsGiven,
    LegEnded,
    LineAnswered,
    LineFailed,
    LineWanted,
)
from cti.domain.facts import LineRung
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    CampaignId,
    CampaignMode,
    ContactId,
    DialId,
    LeadId,
    LegCause,
    LegId,
)
from cti.engine import reconcile
from cti.engine.reconcile import Difference, unlisted_callees
from cti.ports import ListedBridge, ListedLeg
from cti.variables import BRIDGE_PREFIX
from tests.engine.test_reconcile import NOTHING, compare, listed_caller, listing
from tests.engine.world import NODE, QUEUE, Centre

AGENT = AgentId("u1")
SPRING = CampaignId("spring")
NOBODYS_LINE = LegId("line-u9-1")
NOBODYS_CALLEE = LegId("dial-d99")


def listed_line(leg_id: LegId, *, answered: bool = True) -> ListedLeg:
    agent_id = AgentId(leg_id.split("-")[1])
    return ListedLeg(leg_id=leg_id, answered=answered, caller=None, assignment_id=None, agent_id=agent_id)


def listed_callee(
    leg_id: LegId, *, answered: bool = True, listening: bool = False, machine: bool | None = None
) -> ListedLeg:
    return ListedLeg(
        leg_id=leg_id,
        answered=answered,
        caller=None,
        assignment_id=None,
        dial_id=DialId(leg_id.removeprefix("dial-")),
        listening=listening,
        machine=machine,
    )


class Dialled:
    """One agent's line is rung, or up; then his campaign dials."""

    def __init__(self, *, up: bool = True) -> None:
        self.centre = Centre(agents=1)
        self.state = self.centre.acd.state
        self.centre.call("n1-0")  # so that it is known where a phone is rung
        self.centre.do(LegEnded(leg_id=LegId("n1-0"), cause=LegCause.NORMAL))
        decision = self.centre.do(LineWanted(agent_id=AGENT, wanted=True))
        [self.line] = [fact.leg_id for fact in decision.facts if isinstance(fact, LineRung)]
        if up:
            self.centre.do(LineAnswered(agent_id=AGENT, leg_id=self.line, node=NODE))

    def dial(self, *, detects_machines: bool = False) -> LegId:
        """A lead rings; his leg."""
        self.centre.do(
            CampaignOpened(
                campaign_id=SPRING,
                queue_id=QUEUE,
                mode=CampaignMode.PROGRESSIVE,
                detects_machines=detects_machines,
            )
        )
        self.centre.do(LeadsGiven(campaign_id=SPRING, leads=(Lead(lead_id=LeadId("l1")),)))
        decision = self.centre.do(CampaignStarted(campaign_id=SPRING))
        [command] = [command for command in decision.commands if isinstance(command, DialLead)]
        self.dial_id = command.dial_id
        return command.leg_id

    def talk(self) -> tuple[LegId, AssignmentId, ListedBridge]:
        """The callee has answered, and has the agent."""
        callee = self.dial()
        decision = self.centre.do(CalleeAnswered(dial_id=self.dial_id, leg_id=callee, node=NODE))
        [join] = [command for command in decision.commands if isinstance(command, JoinLegs)]
        assert (join.caller_leg, join.agent_leg) == (callee, self.line)
        bridge = ListedBridge(bridge_id=join.bridge_id, legs=frozenset({callee, self.line}))
        return callee, join.assignment_id, bridge


def test_a_line_between_calls_is_left_alone() -> None:
    world = Dialled()
    assert compare(world.state, listing(listed_line(world.line))) == NOTHING


def test_a_line_that_rings_is_left_alone_and_one_answered_unheard_is_told() -> None:
    world = Dialled(up=False)
    assert compare(world.state, listing(listed_line(world.line, answered=False))) == NOTHING
    found = compare(world.state, listing(listed_line(world.line)))
    assert found.events == (LineAnswered(agent_id=AGENT, leg_id=world.line, node=NODE),)


def test_a_line_that_two_lists_lack_has_failed_or_ended() -> None:
    for up, event in (
        (False, LineFailed(agent_id=AGENT, leg_id=LegId(""), cause=LegCause.LOST)),
        (True, LegEnded(leg_id=LegId(""), cause=LegCause.LOST)),
    ):
        world = Dialled(up=up)
        assert compare(world.state, listing()).suspected == {world.line}
        [told] = compare(world.state, listing(), ripe=frozenset({world.line})).events
        assert type(told) is type(event)
        assert isinstance(told, LineFailed | LegEnded)
        assert (told.leg_id, told.cause) == (world.line, LegCause.LOST)
        world.centre.do(told)
        assert world.state.agents[AGENT].line_leg is None


def test_a_line_that_is_nobodys_is_hung_up() -> None:
    world = Dialled()
    found = compare(world.state, listing(listed_line(world.line), listed_line(NOBODYS_LINE)))
    assert found.commands == (EndLeg(leg_id=NOBODYS_LINE, node=NODE),)


def test_a_line_is_not_hung_up_with_its_talk_but_falls_silent() -> None:
    world = Dialled()
    callee, assignment_id, bridge = world.talk()
    world.centre.do(HangUpRequested(assignment_id=assignment_id))
    found = compare(world.state, listing(listed_callee(callee), listed_line(world.line), bridges=(bridge,)))
    assert found.events == ()
    assert found.commands == (
        EndLeg(leg_id=callee, node=NODE),
        DropBridge(bridge_id=bridge.bridge_id, node=NODE),
        QuietLine(leg_id=world.line, node=NODE, bridge_id=bridge.bridge_id),
    )
    assert compare(world.state, listing(listed_line(world.line))) == NOTHING


def test_a_line_lost_in_a_talk_has_ended_and_the_callee_goes_first() -> None:
    world = Dialled()
    callee, _, _ = world.talk()
    found = compare(world.state, listing(), ripe=frozenset({callee, world.line}))
    assert found.events == (
        LegEnded(leg_id=callee, cause=LegCause.LOST),
        LegEnded(leg_id=world.line, cause=LegCause.LOST),
    )


def test_a_line_and_its_callee_who_stand_apart_are_joined_again() -> None:
    world = Dialled()
    callee, _, bridge = world.talk()
    legs = (listed_callee(callee), listed_line(world.line))
    assert compare(world.state, listing(*legs, bridges=(bridge,))) == NOTHING
    [command] = compare(world.state, listing(*legs)).commands
    assert isinstance(command, JoinLegs)
    assert (command.caller_leg, command.agent_leg) == (callee, world.line)


def test_a_callee_who_rings_is_left_alone_and_one_who_answered_unheard_is_told() -> None:
    world = Dialled()
    callee = world.dial()
    line = listed_line(world.line)
    assert compare(world.state, listing(line, listed_callee(callee, answered=False))) == NOTHING
    found = compare(world.state, listing(line, listed_callee(callee)))
    assert found.events == (CalleeAnswered(dial_id=world.dial_id, leg_id=callee, node=NODE),)
    assert found.commands == ()


@pytest.mark.lesson(13)
def test_a_callee_whom_two_lists_lack_was_not_reached() -> None:
    world = Dialled()
    callee = world.dial()
    line = listed_line(world.line)
    assert compare(world.state, listing(line)).suspected == {callee}
    found = compare(world.state, listing(line), ripe=frozenset({callee}))
    assert found.events == (CalleeFailed(dial_id=world.dial_id, leg_id=callee, cause=LegCause.LOST),)


def test_a_callee_who_hears_that_nobody_is_free_is_not_missed() -> None:
    world = Dialled()
    callee = world.dial()
    found = compare(world.state, listing(listed_line(world.line), others=(callee,)), ripe=frozenset({callee}))
    assert found == NOTHING


def test_a_callee_who_picked_up_while_no_engine_was_there_was_abandoned_whether_he_is_told_so_still_or_gone() -> None:
    world = Dialled()
    callee = world.dial()
    line = listed_line(world.line)
    told = CalleeFailed(dial_id=world.dial_id, leg_id=callee, cause=LegCause.LOST, alone=True)
    for alive in ((), (callee,)):
        seen = listing(line, others=alive)
        assert unlisted_callees(world.state, seen) == {callee}
        found = compare(world.state, seen, alone=frozenset({callee}))
        assert found == Difference(events=(told,), callers=(), commands=(), suspected=frozenset())
    assert unlisted_callees(world.state, listing(line, listed_callee(callee, answered=False))) == frozenset()


def test_a_callee_whose_apology_was_decided_and_never_sent_hears_it_now() -> None:
    world = Dialled()
    sorry = Apologise(campaign_id=SPRING, leg_id=NOBODYS_CALLEE, node=NODE)
    found = reconcile.compare(
        world.state,
        listing(listed_line(world.line), listed_callee(NOBODYS_CALLEE)),
        before=frozenset(),
        farewell=lambda leg_id: sorry if leg_id == NOBODYS_CALLEE else None,
    )
    assert found.commands == (sorry,)


def test_a_callee_who_is_listened_to_is_left_alone_and_what_was_found_is_told() -> None:
    world = Dialled()
    callee = world.dial(detects_machines=True)
    decision = world.centre.do(CalleeAnswered(dial_id=world.dial_id, leg_id=callee, node=NODE))
    listen = DetectMachine(dial_id=world.dial_id, leg_id=callee, node=NODE)
    assert listen in decision.commands
    line = listed_line(world.line)
    assert compare(world.state, listing(line, listed_callee(callee, answered=False, listening=True))) == NOTHING
    for machine in (False, True):
        found = compare(world.state, listing(line, listed_callee(callee, machine=machine)))
        told = CalleeAnswered(dial_id=world.dial_id, leg_id=callee, node=NODE, machine=machine)
        assert found == Difference(events=(told,), callers=(), commands=(), suspected=frozenset())
    assert compare(world.state, listing(line, listed_callee(callee))).commands == (listen,)


def test_a_callee_lost_while_he_is_listened_to_has_ended() -> None:
    world = Dialled()
    callee = world.dial(detects_machines=True)
    world.centre.do(CalleeAnswered(dial_id=world.dial_id, leg_id=callee, node=NODE))
    found = compare(world.state, listing(listed_line(world.line)), ripe=frozenset({callee}))
    assert found.events == (LegEnded(leg_id=callee, cause=LegCause.LOST),)


def test_a_callee_whom_nobody_dialled_is_hung_up() -> None:
    world = Dialled()
    for callee in (
        listed_callee(NOBODYS_CALLEE, answered=False),
        listed_callee(NOBODYS_CALLEE),
        listed_callee(NOBODYS_CALLEE, answered=False, listening=True),
    ):
        found = compare(world.state, listing(listed_line(world.line), callee))
        assert found.commands == (EndLeg(leg_id=NOBODYS_CALLEE, node=NODE),)


def test_a_join_that_was_never_written_is_decided_anew() -> None:
    """The engine died after its callee had an agent, before anybody knew: his bridge gives way to the next one."""
    world = Dialled()
    callee = world.dial()
    stray = ListedBridge(bridge_id=BridgeId(f"{BRIDGE_PREFIX}c999"), legs=frozenset({callee, world.line}))
    found = compare(world.state, listing(listed_callee(callee), listed_line(world.line), bridges=(stray,)))
    assert found.events == (CalleeAnswered(dial_id=world.dial_id, leg_id=callee, node=NODE),)
    assert DropBridge(bridge_id=stray.bridge_id, node=NODE) in found.commands
    assert not any(isinstance(command, EndLeg) for command in found.commands)


def test_a_caller_whose_talk_on_a_line_was_never_written_is_let_in() -> None:
    world = Dialled()
    stray = ListedBridge(
        bridge_id=BridgeId(f"{BRIDGE_PREFIX}{ContactId('c998')}"), legs=frozenset({LegId("n1-9"), world.line})
    )
    found = compare(world.state, listing(listed_caller("n1-9"), listed_line(world.line), bridges=(stray,)))
    assert [caller.leg_id for caller in found.callers] == ["n1-9"]
    assert DropBridge(bridge_id=stray.bridge_id, node=NODE) in found.commands
