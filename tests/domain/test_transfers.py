"""Transfers and talks of more than two: whoever hangs up whenever, the customer is with somebody or at the head."""

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain.acd import snapshot
from cti.domain.commands import (
    Command,
    DropBridge,
    EndLeg,
    HoldLeg,
    JoinLegs,
    JoinParty,
    PlayMusic,
    RingAgent,
    RingParty,
    SendAway,
    ShowPop,
)
from cti.domain.events import (
    AgentSignedOut,
    ConferenceRequested,
    ContactCancelled,
    Event,
    HandOverRequested,
    HangUpRequested,
    HoldRequested,
    InviteRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    LineWanted,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    RejoinRequested,
    ResumeRequested,
    SwapRequested,
    Target,
    TransferRequested,
    WrapUpFinished,
)
from cti.domain.facts import AssignmentClosed, AssignmentOffered, ContactClosed, ContactQueued, HandedOver, PartyEnded
from cti.domain.ids import (
    SYSTEM_ABANDONED,
    SYSTEM_TRANSFERRED,
    SYSTEM_WRAP_UP_EXPIRED,
    AgentId,
    AssignmentId,
    BridgeId,
    ContactId,
    DispositionId,
    LegCause,
    LegId,
    PartyEnd,
    QueueId,
    Readiness,
    TargetKind,
)
from cti.domain.party import RINGING
from cti.domain.queue import MOST_POINTS
from cti.domain.states import PARTY, AssignmentState, ContactState, PartyState, Trigger, next_party
from cti.domain.transfers import GREETED_MS, MOST_PARTIES, RING_MS
from cti.errors import IllegalTransition, RuleError
from cti.testing import NODE, Scenario, broken_invariants, caller_leg

SEQUENCES = int(os.environ.get("TRIUNE_SEQUENCES", "3000"))
TALK, SIDE = BridgeId("talk-{}"), BridgeId("side-{}")


def centre() -> Scenario:
    """Ann talks to c1. Bob is ready, Cid is not signed in; both have phones."""
    day = Scenario()
    day.queue("support")
    day.queue("sales")
    day.queue("theirs", project="other")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    day.agent("bob")
    day.agent("cid", ready=False)
    day.send(AgentSignedOut(agent_id=AgentId("cid")))
    return day


def aside(day: Scenario, **target: str) -> LegId:
    """Ann talks to somebody aside, and c1 hears music."""
    leg = day.asks("ann", **target)
    day.party_answers(leg)
    return leg


def bridge(day: Scenario, pattern: BridgeId) -> BridgeId:
    return BridgeId(pattern.format(day.contact_ids["c1"]))


def state_of(day: Scenario, leg: LegId) -> PartyState:
    return day.state.parties[leg].state


# -- unseen ------------------------------------------------------------------------------------------------------------


@pytest.mark.lesson(2)
def test_to_a_queue_he_waits_there_with_his_seniority_and_the_agent_wraps_up() -> None:
    day = centre()
    arrived = day.contact("c1").arrived_ms
    day.takes_a_break("bob")
    day.advance(seconds=60)
    anns = day.leg("ann")
    day.transfers("ann", queue="sales")
    contact = day.contact("c1")
    assert (contact.state, contact.queue_id, contact.arrived_ms) == (ContactState.WAITING, "sales", arrived)
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    day.expect(HoldLeg, leg_id=caller_leg("c1"))
    day.expect(EndLeg, leg_id=anns)
    day.expect(PlayMusic, leg_id=caller_leg("c1"), queue_id=QueueId("sales"))
    day.takes_a_break("ann")
    day.wraps_up("ann")
    assert day.holds_nothing("ann")
    assert day.closed_as("c1") is None


def test_to_a_queue_where_somebody_is_free_he_is_offered_at_once() -> None:
    day = centre()
    day.transfers("ann", queue="sales")
    assert day.served_by("c1") == "bob"
    day.picks_up("bob")
    day.expect(JoinLegs, caller_leg=caller_leg("c1"), agent_leg=day.leg("bob"))


def test_to_a_ready_colleague_it_is_an_offer_of_his_own() -> None:
    day = centre()
    day.transfers("ann", agent="bob")
    assert day.served_by("c1") == "bob"
    day.expect(ShowPop, agent_id=AgentId("bob"))
    day.answers("bob")
    assert day.contact("c1").state is ContactState.ACTIVE
    day.hangs_up("bob")
    day.wraps_up("bob", "solved")
    assert day.closed_as("c1") == "solved"
    assert day.assignment("ann").handed_over


def test_a_colleague_who_does_not_answer_leaves_him_in_his_place() -> None:
    day = centre()
    day.transfers("ann", agent="bob")
    day.ring_fails("bob", LegCause.NO_ANSWER)
    assert day.contact("c1").state is ContactState.WAITING
    day.expect(PlayMusic, leg_id=caller_leg("c1"))


@pytest.mark.parametrize("target", [{"agent": "cid"}, {}], ids=["off duty", "outside"])
def test_who_answers_off_duty_has_the_talk_and_it_ends_with_him(target: dict[str, str]) -> None:
    day = centre()
    day.transfers("ann", **target)
    leg = day.expect(RingParty, heard_by=None).leg_id
    assert state_of(day, leg) is PartyState.CALLED
    day.wraps_up("ann")
    day.party_answers(leg)
    assert day.expect(JoinParty).legs == (caller_leg("c1"), leg)
    day.advance(ms=GREETED_MS)
    day.leg_ends(leg)
    assert day.closed_as("c1") == SYSTEM_TRANSFERRED
    day.expect(EndLeg, leg_id=caller_leg("c1"))
    day.expect(DropBridge, bridge_id=bridge(day, TALK))


@pytest.mark.lesson(4)
@pytest.mark.parametrize("end", ["busy", "too long", "lost in the talk", "gone as he got him"])
def test_one_who_is_left_alone_returns_to_the_head_of_his_queue(end: str) -> None:
    day = centre()
    day.takes_a_break("bob")
    day.call("c0", waited_s=500)
    day.transfers("ann")
    leg = day.expect(RingParty).leg_id
    if end == "busy":
        day.party_fails(leg, LegCause.BUSY)
    elif end == "too long":
        day.advance(ms=RING_MS)
    else:
        day.party_answers(leg)
        day.leg_ends(leg, LegCause.LOST if end == "lost in the talk" else LegCause.NORMAL)
    contact = day.contact("c1")
    assert (contact.state, contact.priority) == (ContactState.WAITING, MOST_POINTS)
    assert not day.state.parties
    day.ready("bob")
    assert day.served_by("c1") == "bob"


def test_to_a_menu_he_leaves_the_acd() -> None:
    day = centre()
    day.transfers("ann", destination="menu")
    day.expect(SendAway, destination="menu", leg_id=caller_leg("c1"))
    assert day.closed_as("c1") == SYSTEM_TRANSFERRED
    day.advance(seconds=600)
    assert day.holds_nothing("ann")


@pytest.mark.lesson(4)
def test_one_who_hangs_up_while_he_is_transferred_has_abandoned() -> None:
    day = centre()
    day.transfers("ann")
    leg = day.expect(RingParty).leg_id
    day.caller_hangs_up("c1")
    assert day.closed_as("c1") == SYSTEM_ABANDONED
    day.expect(EndLeg, leg_id=leg)


def test_one_who_gave_up_while_he_was_transferred_is_somebody_s_task() -> None:
    day = centre()
    day.queue("support", lost_to="sales")
    day.transfers("ann")
    day.caller_hangs_up("c1")
    assert [fact.origin for fact in day.every(ContactQueued)] == [day.contact_ids["c1"]]


# -- after a word aside ------------------------------------------------------------------------------------------------


def test_the_customer_hears_music_while_the_agent_asks() -> None:
    day = centre()
    leg = day.asks("ann", agent="bob")
    day.expect(HoldLeg, leg_id=caller_leg("c1"))
    assert day.expect(RingParty).heard_by == day.leg("ann")
    day.call("c2")
    assert day.contact("c2").state is ContactState.WAITING, "bob is asked for, so he is offered nothing"
    day.party_answers(leg)
    joined = day.expect(JoinParty)
    assert (joined.bridge_id, joined.legs) == (bridge(day, SIDE), (leg, day.leg("ann")))


@pytest.mark.parametrize("end", ["busy", "taken back", "too long"])
def test_the_agent_hears_no_ringing_any_more_when_nobody_comes(end: str) -> None:
    day = centre()
    leg = day.asks("ann")
    if end == "busy":
        day.party_fails(leg, LegCause.BUSY)
    elif end == "taken back":
        day.drops("ann", leg)
    else:
        day.advance(ms=RING_MS)
    assert day.expect(JoinParty).legs == (day.leg("ann"),)
    day.expect(DropBridge, bridge_id=bridge(day, SIDE))


def test_from_one_to_the_other_and_back() -> None:
    day = centre()
    leg = aside(day)
    day.swaps("ann")
    day.expect(HoldLeg, leg_id=leg, bridge_id=bridge(day, SIDE))
    day.expect(JoinLegs, caller_leg=caller_leg("c1"), agent_leg=day.leg("ann"))
    assert day.assignment("ann").state is AssignmentState.ACTIVE
    day.swaps("ann")
    day.expect(HoldLeg, leg_id=caller_leg("c1"), bridge_id=bridge(day, TALK))
    assert day.expect(JoinParty).legs == (leg, day.leg("ann"))
    day.resumes("ann")
    assert state_of(day, leg) is PartyState.LEFT


@pytest.mark.lesson(4)
def test_a_colleague_who_takes_over_has_it_as_his_own_before_the_first_is_gone() -> None:
    day = centre()
    leg = aside(day, agent="bob")
    anns = day.leg("ann")
    day.hands_over("ann")
    assert day.served_by("c1") == "bob"
    assert day.leg("bob") == leg
    day.expect(ShowPop, agent_id=AgentId("bob"))
    order = list(day.every(JoinLegs) + day.every(EndLeg))
    places = [day.recent.index(command) for command in order]
    assert [type(command) for command in order] == [JoinLegs, EndLeg]
    assert places == sorted(places)
    assert order[1] == EndLeg(leg_id=anns, node=NODE)
    assert day.state.agents[AgentId("bob")].party_leg is None
    day.wraps_up("ann", "passed_on")
    day.hangs_up("bob")
    day.wraps_up("bob", "solved")
    assert day.closed_as("c1") == "solved"


@pytest.mark.lesson(2)
def test_wrap_up_outlasts_the_contact_that_was_handed_over() -> None:
    day = centre()
    leg = aside(day)
    day.hands_over("ann")
    day.advance(ms=GREETED_MS)
    day.leg_ends(leg)
    assert day.closed_as("c1") == SYSTEM_TRANSFERRED
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    day.advance(seconds=3600)
    assert day.holds_nothing("ann")
    closed = [fact.disposition for fact in day.facts if isinstance(fact, AssignmentClosed)]
    assert closed == [SYSTEM_WRAP_UP_EXPIRED]


def test_a_conference_goes_on_without_the_agent_who_made_it() -> None:
    day = centre()
    first = aside(day)
    day.lets_in("ann")
    assert set(day.expect(JoinParty).legs) == {caller_leg("c1"), day.leg("ann"), first}
    second = aside(day)
    day.expect_no(HoldLeg, leg_id=caller_leg("c1"))
    day.lets_in("ann")
    assert set(day.expect(JoinParty).legs) == {caller_leg("c1"), day.leg("ann"), first, second}
    day.hangs_up("ann")
    assert (state_of(day, first), state_of(day, second)) == (PartyState.LEADING, PartyState.TOGETHER)
    day.leg_ends(first)
    assert state_of(day, second) is PartyState.LEADING
    day.advance(ms=GREETED_MS)
    day.leg_ends(second)
    assert day.closed_as("c1") == SYSTEM_TRANSFERRED


def test_who_is_still_rung_when_the_agent_leaves_a_conference_is_let_go() -> None:
    day = centre()
    first = aside(day)
    day.lets_in("ann")
    second = day.asks("ann")
    day.hands_over("ann")
    assert (state_of(day, first), second in day.state.parties) == (PartyState.LEADING, False)
    day.expect(EndLeg, leg_id=second)


def test_the_others_talk_on_while_the_agent_s_leg_is_lost() -> None:
    day = centre()
    aside(day)
    day.lets_in("ann")
    day.leg_ends(day.leg("ann"), LegCause.LOST)
    day.expect_no(HoldLeg)
    assert day.assignment("ann").state is AssignmentState.REJOINING
    day.answers("ann")
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_who_was_aside_waits_for_an_agent_who_is_lost_and_has_the_talk_when_he_stays_away() -> None:
    day = centre()
    leg = aside(day)
    day.leg_ends(day.leg("ann"), LegCause.LOST)
    assert state_of(day, leg) is PartyState.LEFT
    day.advance(seconds=31)
    assert state_of(day, leg) is PartyState.LEADING
    assert day.expect(JoinParty).legs == (caller_leg("c1"), leg)


def test_an_agent_who_hangs_up_while_he_still_rings_has_transferred_unseen() -> None:
    day = centre()
    leg = day.asks("ann")
    day.leg_ends(day.leg("ann"))
    assert state_of(day, leg) is PartyState.CALLED
    assert day.assignment("ann").handed_over


def test_one_who_answers_late_waits_until_the_agent_has_time_for_him() -> None:
    day = centre()
    leg = day.asks("ann")
    day.resumes("ann")
    day.party_answers(leg)
    assert state_of(day, leg) is PartyState.LEFT
    day.expect(HoldLeg, leg_id=leg)


def test_a_colleague_who_signs_out_while_he_is_asked_is_let_go_afterwards() -> None:
    day = centre()
    leg = aside(day, agent="bob")
    day.send(AgentSignedOut(agent_id=AgentId("bob")))
    assert day.state.agents[AgentId("bob")].readiness is Readiness.READY
    day.hands_over("ann")
    assert state_of(day, leg) is PartyState.LEADING, "he leaves, so it is no assignment of his"
    day.leg_ends(leg)
    assert day.state.agents[AgentId("bob")].readiness is Readiness.OFFLINE


def test_one_who_is_asked_neither_calls_nor_stays_connected() -> None:
    day = centre()
    aside(day, agent="bob")
    with pytest.raises(RuleError, match="A colleague asks you"):
        day.asks_to_call("bob", "o1")
    day.send(LineWanted(agent_id=AgentId("bob"), wanted=True))
    assert day.state.agents[AgentId("bob")].line_leg is None


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"agent": "ann"}, "party_yourself"),
        ({"agent": "dan"}, "not_his_project"),
        ({"agent": "eve"}, "party_unreachable"),
        ({"agent": "fay"}, "party_busy"),
        ({"agent": "gus"}, "party_not_ready"),
        ({"queue": "theirs"}, "not_its_queue"),
    ],
    ids=str,
)
def test_who_cannot_have_it_is_said_and_nothing_changes(target: dict[str, str], code: str) -> None:
    day = centre()
    day.takes_a_break("bob")
    day.agent("dan", projects=("other",))
    day.agent("eve", ready=False)
    day.send(_phone_gone("eve"))
    day.agent("fay")
    day.call("c2")
    day.picks_up("fay")
    day.agent("gus", ready=False)
    before = snapshot(day.state)
    with pytest.raises(RuleError) as refusal:
        day.transfers("ann", **target)
    assert refusal.value.code == code
    assert snapshot(day.state).contacts == before.contacts
    assert snapshot(day.state).assignments == before.assignments


def test_a_talk_has_room_for_so_many() -> None:
    day = centre()
    for _ in range(MOST_PARTIES):
        aside(day)
        day.lets_in("ann")
    with pytest.raises(RuleError, match="No more than ten"):
        day.asks("ann")


def test_a_new_engine_goes_on_where_the_old_one_died() -> None:
    day = centre()
    leg = day.asks("ann")
    day.restart(folding=True)
    day.party_answers(leg)
    assert state_of(day, leg) is PartyState.ASIDE
    day.restart()
    day.hands_over("ann")
    assert state_of(day, leg) is PartyState.LEADING


def _phone_gone(name: str) -> Event:
    from cti.domain.events import PhoneUnreachable
    from cti.domain.ids import Device

    return PhoneUnreachable(agent_id=AgentId(name), device=Device.SIP)


# -- every pair --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "trigger"), list(product(PartyState, Trigger)), ids=str)
def test_each_pair_of_the_machine_has_its_cell_or_is_refused(state: PartyState, trigger: Trigger) -> None:
    if (state, trigger) in PARTY:
        assert next_party("p", state, trigger) is PARTY[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            next_party("p", state, trigger)


def _unseen(day: Scenario) -> LegId:
    day.transfers("ann")
    return day.expect(RingParty).leg_id


def _left(day: Scenario) -> LegId:
    leg = aside(day)
    day.swaps("ann")
    return leg


def _together(day: Scenario) -> LegId:
    leg = aside(day)
    day.lets_in("ann")
    return leg


def _leading(day: Scenario) -> LegId:
    leg = aside(day)
    day.hands_over("ann")
    day.advance(ms=GREETED_MS)
    return leg


SITUATIONS: dict[str, Callable[[Scenario], LegId]] = {
    "ringing": lambda day: day.asks("ann"),
    "called": _unseen,
    "aside": aside,
    "left": _left,
    "together": _together,
    "leading": _leading,
}


class Ids:
    """What an event may speak of."""

    def __init__(self, day: Scenario, leg: LegId) -> None:
        held = day.assignment("ann")
        assert held.leg_id is not None
        self.contact: ContactId = day.contact_ids["c1"]
        self.held: AssignmentId = held.id
        self.anns: LegId = held.leg_id
        self.party = leg


_OUTSIDE = Target(kind=TargetKind.NUMBER)
EVENTS: dict[str, Callable[[Ids], Event]] = {
    "TransferRequested": lambda of: TransferRequested(assignment_id=of.held, target=_OUTSIDE),
    "InviteRequested": lambda of: InviteRequested(assignment_id=of.held, target=_OUTSIDE),
    "SwapRequested": lambda of: SwapRequested(assignment_id=of.held),
    "ConferenceRequested": lambda of: ConferenceRequested(assignment_id=of.held),
    "HandOverRequested": lambda of: HandOverRequested(assignment_id=of.held),
    "PartyDropped": lambda of: PartyDropped(assignment_id=of.held, leg_id=of.party),
    "PartyAnswered": lambda of: PartyAnswered(leg_id=of.party, node=NODE),
    "PartyFailed": lambda of: PartyFailed(leg_id=of.party, cause=LegCause.BUSY),
    "he hangs up": lambda of: LegEnded(leg_id=of.party, cause=LegCause.NORMAL),
    "he is lost": lambda of: LegEnded(leg_id=of.party, cause=LegCause.LOST),
    "the agent hangs up": lambda of: LegEnded(leg_id=of.anns, cause=LegCause.NORMAL),
    "the agent is lost": lambda of: LegEnded(leg_id=of.anns, cause=LegCause.LOST),
    "the customer hangs up": lambda of: LegEnded(leg_id=caller_leg("c1"), cause=LegCause.NORMAL),
    "HoldRequested": lambda of: HoldRequested(assignment_id=of.held),
    "ResumeRequested": lambda of: ResumeRequested(assignment_id=of.held),
    "HangUpRequested": lambda of: HangUpRequested(assignment_id=of.held),
    "RejoinRequested": lambda of: RejoinRequested(assignment_id=of.held),
    "JoinFailed": lambda of: JoinFailed(contact_id=of.contact, assignment_id=of.held),
    "WrapUpFinished": lambda of: WrapUpFinished(assignment_id=of.held, disposition=DispositionId("solved")),
    "ContactCancelled": lambda of: ContactCancelled(contact_id=of.contact),
    "agent's LegAnswered": lambda of: LegAnswered(assignment_id=of.held, leg_id=of.anns, node=NODE),
}
#                        ringing        called         aside          left           together        leading
ANSWERS: dict[str, tuple[str, str, str, str, str, str]] = {
    "TransferRequested": ("no", "no", "no", "no", "no", "no"),
    "InviteRequested": ("no", "no", "no", "no", "ann holds together ringing", "no"),
    "SwapRequested": ("no", "no", "ann talks left", "ann holds aside", "no", "no"),
    "ConferenceRequested": ("no", "no", "ann talks together", "ann talks together", "no", "no"),
    "HandOverRequested": ("called", "no", "leading", "leading", "leading", "no"),
    "PartyDropped": ("ann holds", "no", "ann holds", "ann talks", "ann talks", "no"),
    "PartyAnswered": ("ann holds aside", "leading", "=", "=", "=", "="),
    "PartyFailed": ("ann holds", "waits", "=", "=", "=", "="),
    "he hangs up": ("ann holds", "waits", "ann holds", "ann talks", "ann talks", "over"),
    "he is lost": ("ann holds", "waits", "ann holds", "ann talks", "ann talks", "waits"),
    "the agent hangs up": ("called", "=", "leading", "leading", "leading", "="),
    "the agent is lost": ("ann rejoins", "=", "ann rejoins left", "ann rejoins left", "ann rejoins together", "="),
    "the customer hangs up": ("ann wraps up", "over", "ann wraps up", "ann wraps up", "ann wraps up", "over"),
    "HoldRequested": ("no", "no", "no", "ann holds left", "no", "no"),
    "ResumeRequested": ("ann talks ringing", "no", "ann talks left", "no", "no", "no"),
    "HangUpRequested": ("called", "no", "leading", "leading", "leading", "no"),
    "RejoinRequested": ("ann rejoins", "no", "ann rejoins left", "ann rejoins left", "ann rejoins together", "no"),
    "JoinFailed": ("ann rejoins", "=", "ann rejoins left", "ann rejoins left", "ann rejoins together", "="),
    "WrapUpFinished": ("no", "called", "no", "no", "no", "leading"),
    "ContactCancelled": ("ann wraps up", "over", "ann wraps up", "ann wraps up", "ann wraps up", "over"),
    "agent's LegAnswered": ("=", "=", "=", "=", "=", "="),
}
"""Of each event in each situation: refused, nothing changed, or who has the customer and where the other is."""
PAIRS = [
    (event, situation, answer)
    for event, row in ANSWERS.items()
    for situation, answer in zip(SITUATIONS, row, strict=True)
]


def test_the_table_is_complete() -> None:
    assert ANSWERS.keys() == EVENTS.keys()


def who_has_him(day: Scenario) -> str:
    contact = day.state.contacts.get(day.contact_ids["c1"])
    if contact is None:
        return "over"
    words = [str(day.state.parties[leg].state) for leg in contact.parties]
    if contact.assignment_id is not None:
        verb = {"active": "talks", "held": "holds", "rejoining": "rejoins", "wrap_up": "wraps up"}
        words.insert(0, "ann " + verb[day.state.assignments[contact.assignment_id].state])
    elif contact.state is ContactState.WAITING:
        words.insert(0, "waits")
    return " ".join(words)


@pytest.mark.parametrize(("event", "situation", "answer"), PAIRS, ids=str)
def test_every_event_in_every_situation(event: str, situation: str, answer: str) -> None:
    day = centre()
    day.takes_a_break("bob")
    ids = Ids(day, SITUATIONS[situation](day))
    before, was = snapshot(day.state), who_has_him(day)
    if answer == "no":
        with pytest.raises(RuleError):
            day.send(EVENTS[event](ids))
    else:
        day.send(EVENTS[event](ids))
    after = snapshot(day.state)
    assert who_has_him(day) == (was if answer in ("no", "=") else answer)
    if answer in ("no", "="):
        assert (before.contacts, before.assignments, before.parties) == (
            after.contacts,
            after.assignments,
            after.parties,
        )


# -- hang-ups at any moment --------------------------------------------------------------------------------------------


class Switch:
    """Does what it is told, so that it can be asked who hears whom."""

    def __init__(self) -> None:
        self.bridge: dict[LegId, BridgeId] = {}
        self.up: set[LegId] = set()
        self._done = 0

    def catch_up(self, day: Scenario) -> None:
        for decision in day.journal[self._done :]:
            for command in decision.commands:
                self.do(command)
        self._done = len(day.journal)

    def do(self, command: Command) -> None:
        match command:
            case RingAgent():
                self.up.add(command.leg_id)
            case RingParty():
                self.up.add(command.leg_id)
                if command.heard_by is not None:
                    self.bridge.pop(command.heard_by, None)
            case EndLeg():
                self.up.discard(command.leg_id)
                self.bridge.pop(command.leg_id, None)
            case HoldLeg() | PlayMusic():
                self.bridge.pop(command.leg_id, None)
            case JoinLegs():
                self._join(command.bridge_id, (command.caller_leg, command.agent_leg))
            case JoinParty():
                self._join(command.bridge_id, command.legs)
            case DropBridge():
                for leg in [leg for leg, where in self.bridge.items() if where == command.bridge_id]:
                    del self.bridge[leg]

    def _join(self, bridge_id: BridgeId, legs: tuple[LegId, ...]) -> None:
        for leg in legs:
            if leg in self.up:
                self.bridge[leg] = bridge_id

    def with_(self, leg: LegId) -> set[LegId]:
        where = self.bridge.get(leg)
        return set() if where is None else {other for other, at in self.bridge.items() if at == where} - {leg}


ACTS = st.sampled_from(
    [
        "ask outside",
        "ask bob",
        "ask cid",
        "answer",
        "fail",
        "swap",
        "let in",
        "hand over",
        "drop",
        "to bob",
        "to cid",
        "to sales",
        "outside",
        "resume",
        "hold",
        "hang up",
        "his leg ends",
        "his leg is lost",
        "a party leaves",
        "a party is lost",
        "the customer leaves",
        "time passes",
        "the phone is answered",
        "wrap up",
    ]
)


@pytest.mark.lesson(4)
@pytest.mark.timeout(300)
@settings(max_examples=SEQUENCES, deadline=None)
@given(st.lists(st.tuples(ACTS, st.integers(0, 3)), max_size=14))
def test_whoever_hangs_up_whenever_nobody_is_left_alone(script: list[tuple[str, int]]) -> None:
    day, switch = centre(), Switch()
    customer = caller_leg("c1")
    switch.up |= {customer, day.leg("ann")}
    switch.catch_up(day)
    for act, at in script:
        event = act_of(day, act, at)
        switch.catch_up(day)
        if event is None:
            continue
        if isinstance(event, LegEnded | PartyFailed):
            switch.do(EndLeg(leg_id=event.leg_id, node=NODE))
        with suppress(RuleError):
            day.send(event)
        switch.catch_up(day)
        assert not broken_invariants(day.state)
        nobody_is_alone(day, switch, customer)
    counted(day)


def nobody_is_alone(day: Scenario, switch: Switch, customer: LegId) -> None:
    contact = day.state.contacts.get(day.contact_ids["c1"])
    legs = {
        leg
        for leg in day.state.assignment_by_leg
        if day.state.assignments[day.state.assignment_by_leg[leg]].state is not AssignmentState.WRAP_UP
    }
    known = {customer, *legs, *day.state.parties}
    assert switch.up <= known, f"{switch.up - known} ring or talk for nobody"
    if contact is None or contact.state is not ContactState.ACTIVE:
        assert customer not in switch.bridge
        return
    held = day.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    parties = [day.state.parties[leg] for leg in contact.parties]
    wanted = {party.leg_id for party in parties if party.state in (PartyState.TOGETHER, PartyState.LEADING)}
    if held is not None and held.state is AssignmentState.ACTIVE and held.leg_id is not None:
        wanted.add(held.leg_id)
    assert switch.with_(customer) == wanted
    assert wanted or customer not in switch.bridge, "he would hear nothing"
    for party in parties:
        if party.state is PartyState.ASIDE:
            assert held is not None
            assert switch.with_(party.leg_id) == {held.leg_id}
        elif party.state in (PartyState.LEFT, *RINGING):
            assert party.leg_id not in switch.bridge


def counted(day: Scenario) -> None:
    """Each offer and each party has come to one end, or goes on."""
    offered = sum(isinstance(fact, AssignmentOffered) for fact in day.facts)
    ended = sum(type(fact).__name__ in ("OfferEnded", "AssignmentClosed") for fact in day.facts)
    assert offered == ended + len(day.state.assignments)
    invited = sum(type(fact).__name__ == "PartyInvited" for fact in day.facts)
    assert invited == sum(isinstance(fact, PartyEnded) for fact in day.facts) + len(day.state.parties)
    taken = sum(isinstance(fact, PartyEnded) and fact.how is PartyEnd.TOOK_OVER for fact in day.facts)
    assert taken <= sum(isinstance(fact, HandedOver) for fact in day.facts)
    assert sum(isinstance(fact, ContactClosed) for fact in day.facts) <= 1


def act_of(day: Scenario, act: str, at: int) -> Event | None:
    contact = day.state.contacts.get(day.contact_ids["c1"])
    held = day.state.assignments.get(contact.assignment_id) if contact and contact.assignment_id else None
    parties = contact.parties if contact is not None else ()
    party = parties[at % len(parties)] if parties else None
    if act == "time passes":
        day.advance(seconds=(1, 10, 31, 120)[at])
        return None
    if act == "the customer leaves":
        return LegEnded(leg_id=caller_leg("c1"), cause=LegCause.NORMAL) if contact is not None else None
    if party is not None and act in ("answer", "fail", "a party leaves", "a party is lost"):
        causes = {"fail": LegCause.BUSY, "a party leaves": LegCause.NORMAL, "a party is lost": LegCause.LOST}
        if act == "answer":
            return PartyAnswered(leg_id=party, node=NODE)
        if act == "fail" and day.state.parties[party].state in RINGING:
            return PartyFailed(leg_id=party, cause=causes[act])
        return LegEnded(leg_id=party, cause=causes[act]) if act != "fail" else None
    if act == "wrap up":
        over = next((one for one in day.state.assignments.values() if one.state is AssignmentState.WRAP_UP), None)
        return None if over is None else WrapUpFinished(assignment_id=over.id, disposition=DispositionId("solved"))
    return _of_talk(act, held.id, held.leg_id, party) if held is not None else None


def _of_talk(act: str, held: AssignmentId, leg: LegId | None, party: LegId | None) -> Event | None:
    asked = {
        "ask outside": Target(kind=TargetKind.NUMBER),
        "ask bob": Target(kind=TargetKind.AGENT, agent_id=AgentId("bob")),
        "ask cid": Target(kind=TargetKind.AGENT, agent_id=AgentId("cid")),
    }
    unseen = {
        "outside": asked["ask outside"],
        "to bob": asked["ask bob"],
        "to cid": asked["ask cid"],
        "to sales": Target(kind=TargetKind.QUEUE, queue_id=QueueId("sales")),
    }
    simple: dict[str, Callable[..., Event]] = {
        "swap": SwapRequested,
        "let in": ConferenceRequested,
        "hand over": HandOverRequested,
        "resume": ResumeRequested,
        "hold": HoldRequested,
        "hang up": HangUpRequested,
    }
    if act in asked:
        return InviteRequested(assignment_id=held, target=asked[act])
    if act in unseen:
        return TransferRequested(assignment_id=held, target=unseen[act])
    if act in simple:
        return simple[act](assignment_id=held)
    if act == "drop" and party is not None:
        return PartyDropped(assignment_id=held, leg_id=party)
    if leg is None:
        return None
    if act == "the phone is answered":
        return LegAnswered(assignment_id=held, leg_id=leg, node=NODE)
    if act in ("his leg ends", "his leg is lost"):
        return LegEnded(leg_id=leg, cause=LegCause.LOST if act == "his leg is lost" else LegCause.NORMAL)
    return None
