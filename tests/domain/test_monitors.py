"""Supervisors at others' talks: who hears whom at every moment, and nobody's talk is cut by it."""

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.domain.acd import restore, snapshot
from cti.domain.commands import (
    Command,
    DropBridge,
    EndLeg,
    JoinLegs,
    JoinParty,
    KeepSound,
    Overhear,
    RingParty,
    ShowPop,
)
from cti.domain.events import (
    AgentRemoved,
    AgentSignedOut,
    ContactCancelled,
    Event,
    HangUpRequested,
    HoldRequested,
    InviteRequested,
    JoinFailed,
    LegAnswered,
    LegEnded,
    MonitorLeft,
    MonitorRequested,
    PartyAnswered,
    PartyDropped,
    PartyFailed,
    PhoneUnreachable,
    RejoinRequested,
    ResumeRequested,
    Target,
    TransferRequested,
)
from cti.domain.facts import MonitorCameIn, MonitorEnded, MonitorRung
from cti.domain.ids import (
    AgentId,
    AssignmentId,
    BridgeId,
    ContactId,
    Device,
    LegCause,
    LegId,
    MonitorMode,
    Readiness,
    TargetKind,
)
from cti.domain.monitor import HEARING, Monitor, ear_of
from cti.domain.monitors import MOST_MONITORS
from cti.domain.party import IN_TALK
from cti.domain.states import MONITOR, AssignmentState, ContactState, MonitorState, PartyState, Trigger, next_monitor
from cti.domain.transfers import GREETED_MS
from cti.errors import IllegalTransition, RuleError
from cti.testing import NODE, Scenario, broken_invariants, caller_leg
from cti.variables import SNOOP_PREFIX
from tests.domain.test_transfers import ACTS as TRANSFER_ACTS
from tests.domain.test_transfers import Switch as Bridges
from tests.domain.test_transfers import act_of as transfer_act
from tests.domain.test_transfers import nobody_is_alone

SEQUENCES = int(os.environ.get("TRIUNE_SEQUENCES", "600"))
LISTEN, COACH, BARGE, TAKE_OVER = MonitorMode


def centre(*, on_duty: bool = False) -> Scenario:
    """Ann talks to c1; Sue has a phone, and is on a break or has not signed in."""
    day = Scenario()
    day.queue("support")
    day.queue("sales")
    day.agent("ann")
    day.call("c1")
    day.picks_up("ann")
    for name in ("sue", "tim"):
        day.agent(name, ready=False)
        if not on_duty:
            day.send(AgentSignedOut(agent_id=AgentId(name)))
    return day


def wants(day: Scenario, mode: MonitorMode, name: str = "sue") -> None:
    day.send(MonitorRequested(contact_id=day.contact_ids["c1"], agent_id=AgentId(name), mode=mode))


def at_talk(day: Scenario, mode: MonitorMode, name: str = "sue") -> LegId:
    """She is there; her leg."""
    wants(day, mode, name)
    leg = day.expect(RingParty, agent_id=AgentId(name)).leg_id
    day.party_answers(leg)
    return leg


def monitor(day: Scenario) -> Monitor:
    (found,) = day.state.monitors.values()
    return found


# -- what each act does ------------------------------------------------------------------------------------------------


def test_who_listens_hears_both_and_nobody_hears_her() -> None:
    day = centre()
    leg = at_talk(day, LISTEN)
    order = day.expect(Overhear)
    assert (order.leg_id, order.spied, order.whispering) == (leg, day.leg("ann"), False)
    assert order.bridge_id == ear_of(leg)
    day.expect_no(JoinLegs)
    day.expect_no(JoinParty)


def test_who_coaches_is_heard_by_an_ear_of_the_agent_alone_and_the_ear_before_goes() -> None:
    day = centre()
    at_talk(day, LISTEN)
    first = monitor(day).snoop
    wants(day, COACH)
    order = day.expect(Overhear)
    assert (order.instead_of, order.whispering, order.spied) == (first, True, day.leg("ann"))
    wants(day, COACH)
    day.expect_no(Overhear)
    wants(day, LISTEN)
    assert day.expect(Overhear).whispering is False


def test_who_comes_in_is_in_the_talk_and_her_ear_is_gone() -> None:
    day = centre()
    leg = at_talk(day, COACH)
    ear = monitor(day).snoop
    wants(day, BARGE)
    assert not day.state.monitors
    day.expect(EndLeg, leg_id=ear)
    day.expect(DropBridge, bridge_id=ear_of(leg))
    assert set(day.expect(JoinParty).legs) == {caller_leg("c1"), day.leg("ann"), leg}
    day.hangs_up("ann")
    assert day.contact("c1").state is ContactState.ACTIVE, "the customer is with her"


@pytest.mark.lesson(4)
def test_who_takes_over_on_duty_has_it_as_her_own_before_the_agent_is_gone() -> None:
    day = centre(on_duty=True)
    anns = day.leg("ann")
    leg = at_talk(day, LISTEN)
    wants(day, TAKE_OVER)
    assert (day.served_by("c1"), day.leg("sue")) == ("sue", leg)
    day.expect(ShowPop, agent_id=AgentId("sue"))
    joined, ended = day.expect(JoinLegs), day.expect(EndLeg, leg_id=anns)
    assert day.recent.index(joined) < day.recent.index(ended)
    assert day.assignment("ann").state is AssignmentState.WRAP_UP
    day.wraps_up("ann")
    day.hangs_up("sue")
    day.wraps_up("sue", "solved")
    assert day.closed_as("c1") == "solved"


def test_who_takes_over_off_duty_just_has_the_talk() -> None:
    day = centre()
    leg = at_talk(day, BARGE)
    wants(day, TAKE_OVER)
    assert day.state.contacts[day.contact_ids["c1"]].assignment_id is None
    assert day.expect(JoinParty).legs == (caller_leg("c1"), leg)
    day.advance(ms=GREETED_MS)
    day.send(MonitorLeft(agent_id=AgentId("sue")))
    day.expect(EndLeg, leg_id=leg)
    assert day.closed_as("c1") == "transferred"


def test_there_is_nobody_to_take_it_over_from_once_another_off_duty_leads_it() -> None:
    day = centre()
    tims = at_talk(day, BARGE, "tim")
    at_talk(day, BARGE)
    day.hangs_up("ann")
    assert (day.contact("c1").assignment_id, day.state.parties[tims].state) == (None, PartyState.LEADING)
    with pytest.raises(RuleError) as refusal:
        wants(day, TAKE_OVER)
    assert refusal.value.code == "monitor_no_agent"


@pytest.mark.parametrize("mode", MonitorMode)
def test_what_she_wants_last_while_it_rings_is_what_she_gets(mode: MonitorMode) -> None:
    day = centre()
    wants(day, LISTEN)
    leg = day.expect(RingParty).leg_id
    wants(day, mode)
    day.party_answers(leg)
    found = day.state.monitors.get(leg)
    if mode in (LISTEN, COACH):
        assert found is not None
        assert day.expect(Overhear).whispering is (mode is COACH)
    else:
        assert found is None
        assert leg in day.contact("c1").parties


def test_one_who_wanted_to_come_in_listens_when_the_agent_is_aside_as_she_answers() -> None:
    day = centre()
    wants(day, BARGE)
    leg = day.expect(RingParty).leg_id
    day.asks("ann")
    day.party_answers(leg)
    assert monitor(day).state is MonitorState.LISTENING


def test_who_takes_over_from_an_agent_who_asks_aside_lets_go_whom_he_asked() -> None:
    day = centre()
    leg = at_talk(day, LISTEN)
    asked = day.asks("ann")
    with pytest.raises(RuleError, match="asking somebody aside"):
        wants(day, BARGE)
    wants(day, TAKE_OVER)
    day.expect(EndLeg, leg_id=asked)
    assert day.contact("c1").parties == (leg,)
    assert day.expect(JoinParty, bridge_id=BridgeId(f"talk-{day.contact_ids['c1']}")).legs == (caller_leg("c1"), leg)


def test_the_customer_on_hold_is_back_when_she_comes_in() -> None:
    day = centre()
    leg = at_talk(day, LISTEN)
    day.holds("ann")
    wants(day, BARGE)
    assert day.assignment("ann").state is AssignmentState.ACTIVE
    assert set(day.expect(JoinParty).legs) == {caller_leg("c1"), day.leg("ann"), leg}


def test_a_coach_is_heard_by_an_agent_who_hears_nobody_else() -> None:
    day = centre()
    at_talk(day, COACH)
    day.expect_no(KeepSound)
    day.holds("ann")
    day.expect(KeepSound, leg_id=day.leg("ann"))
    wants(day, LISTEN)
    day.expect_no(KeepSound)
    wants(day, COACH)
    day.expect(KeepSound, leg_id=day.leg("ann"))
    asked = day.asks("ann")
    day.expect_no(KeepSound)
    day.party_fails(asked)
    day.expect(KeepSound, leg_id=day.leg("ann"))
    day.resumes("ann")
    day.expect_no(KeepSound)


def test_the_agent_does_not_part_from_his_supervisor() -> None:
    day = centre()
    leg = at_talk(day, BARGE)
    with pytest.raises(RuleError, match="leaves by himself"):
        day.drops("ann", leg)
    day.send(MonitorLeft(agent_id=AgentId("sue")))
    day.expect(EndLeg, leg_id=leg)
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_she_is_offered_nothing_while_she_listens_and_something_right_after() -> None:
    day = centre(on_duty=True)
    day.ready("sue")
    at_talk(day, LISTEN)
    day.call("c2")
    assert day.served_by("c2") is None
    day.send(MonitorLeft(agent_id=AgentId("sue")))
    assert day.served_by("c2") == "sue"


@pytest.mark.parametrize("on_duty", [False, True])
@pytest.mark.parametrize("mode", [LISTEN, COACH])
def test_who_is_removed_listens_no_more(mode: MonitorMode, *, on_duty: bool) -> None:
    day = centre(on_duty=on_duty)
    leg = at_talk(day, mode)
    ear = monitor(day).snoop
    day.send(AgentRemoved(agent_id=AgentId("sue")))
    assert not day.state.monitors
    day.expect(EndLeg, leg_id=ear)
    day.expect(DropBridge, bridge_id=ear_of(leg))
    day.expect(EndLeg, leg_id=leg)
    assert day.state.agents[AgentId("sue")].readiness is Readiness.OFFLINE
    assert day.assignment("ann").state is AssignmentState.ACTIVE


def test_the_phone_of_one_who_is_removed_rings_no_more() -> None:
    day = centre()
    leg = _rings(day)
    day.send(AgentRemoved(agent_id=AgentId("sue")))
    day.expect(EndLeg, leg_id=leg)
    assert not day.state.monitors


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nobody", "monitor_no_phone"),
        ("ann", "monitor_yourself"),
        ("una", "monitor_phone_missing"),
        ("vic", "monitor_busy"),
        ("tim", "monitor_elsewhere"),
        ("sue", "monitor_full"),
    ],
)
def test_who_cannot_is_told_why_and_nothing_changes(name: str, code: str) -> None:
    day = centre()
    for more in ("una", "vic", "wes", "xen", "yul"):
        day.agent(more, ready=False)
    day.send(PhoneUnreachable(agent_id=AgentId("una"), device=Device.SIP))
    day.ready("vic")
    day.call("c2")
    day.picks_up("vic")
    day.send(MonitorRequested(contact_id=day.contact_ids["c2"], agent_id=AgentId("tim"), mode=LISTEN))
    for more in ("wes", "xen", "yul"):
        at_talk(day, LISTEN, more)
    assert len(day.state.monitors) == MOST_MONITORS + 1
    before = snapshot(day.state)
    with pytest.raises(RuleError) as refusal:
        wants(day, LISTEN, name)
    assert refusal.value.code == code
    after = snapshot(day.state)
    assert (before.monitors, before.agents, before.contacts) == (after.monitors, after.agents, after.contacts)


@pytest.mark.parametrize("state", ["waits", "rings", "wraps up"])
def test_there_is_nothing_to_hear_where_nobody_talks(state: str) -> None:
    day = centre()
    if state == "wraps up":
        day.hangs_up("ann")
    else:
        day.call("c2")
        day.contact_ids["c1"] = day.contact_ids["c2"]
        if state == "rings":
            day.agent("bob")
    with pytest.raises(RuleError) as refusal:
        wants(day, LISTEN)
    assert refusal.value.code in ("monitor_no_talk", "contact_gone")


def test_a_state_with_listeners_is_restored_as_it_was() -> None:
    day = centre()
    at_talk(day, COACH)
    wants(day, LISTEN, "tim")
    assert snapshot(restore(snapshot(day.state))) == snapshot(day.state)
    assert {"party:" + leg for leg in day.state.monitors if day.state.monitors[leg].until_ms} <= set(day.timers)


# -- every pair --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "trigger"), list(product(MonitorState, Trigger)), ids=str)
def test_each_pair_of_the_machine_has_its_cell_or_is_refused(state: MonitorState, trigger: Trigger) -> None:
    if (state, trigger) in MONITOR:
        assert next_monitor("p", state, trigger) is MONITOR[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            next_monitor("p", state, trigger)


def _rings(day: Scenario) -> LegId:
    wants(day, LISTEN)
    return day.expect(RingParty).leg_id


def _leads(day: Scenario) -> LegId:
    leg = at_talk(day, TAKE_OVER)
    day.advance(ms=GREETED_MS)
    return leg


SITUATIONS: dict[str, Callable[[Scenario], LegId]] = {
    "ringing": _rings,
    "listening": lambda day: at_talk(day, LISTEN),
    "coaching": lambda day: at_talk(day, COACH),
    "together": lambda day: at_talk(day, BARGE),
    "leading": _leads,
}


class Ids:
    """What an event may speak of."""

    def __init__(self, day: Scenario, leg: LegId, anns: LegId) -> None:
        self.contact: ContactId = day.contact_ids["c1"]
        self.held: AssignmentId = day.assignment("ann").id
        self.anns = anns
        self.sues = leg
        known = day.state.monitors.get(leg)
        self.ear = known.snoop if known is not None and known.snoop is not None else LegId(f"{SNOOP_PREFIX}none")


def _wish(mode: MonitorMode) -> Callable[[Ids], Event]:
    return lambda of: MonitorRequested(contact_id=of.contact, agent_id=AgentId("sue"), mode=mode)


_OUTSIDE = Target(kind=TargetKind.NUMBER)
EVENTS: dict[str, Callable[[Ids], Event]] = {
    "listen": _wish(LISTEN),
    "coach": _wish(COACH),
    "barge": _wish(BARGE),
    "take over": _wish(TAKE_OVER),
    "she leaves": lambda of: MonitorLeft(agent_id=AgentId("sue")),
    "she answers": lambda of: PartyAnswered(leg_id=of.sues, node=NODE),
    "she is not reached": lambda of: PartyFailed(leg_id=of.sues, cause=LegCause.BUSY),
    "she hangs up": lambda of: LegEnded(leg_id=of.sues, cause=LegCause.NORMAL),
    "she is lost": lambda of: LegEnded(leg_id=of.sues, cause=LegCause.LOST),
    "her ear is gone": lambda of: LegEnded(leg_id=of.ear, cause=LegCause.NORMAL),
    "the agent parts from her": lambda of: PartyDropped(assignment_id=of.held, leg_id=of.sues),
    "the agent hangs up": lambda of: LegEnded(leg_id=of.anns, cause=LegCause.NORMAL),
    "the agent is lost": lambda of: LegEnded(leg_id=of.anns, cause=LegCause.LOST),
    "the customer hangs up": lambda of: LegEnded(leg_id=caller_leg("c1"), cause=LegCause.NORMAL),
    "HangUpRequested": lambda of: HangUpRequested(assignment_id=of.held),
    "HoldRequested": lambda of: HoldRequested(assignment_id=of.held),
    "ResumeRequested": lambda of: ResumeRequested(assignment_id=of.held),
    "InviteRequested": lambda of: InviteRequested(assignment_id=of.held, target=_OUTSIDE),
    "TransferRequested": lambda of: TransferRequested(assignment_id=of.held, target=_OUTSIDE),
    "RejoinRequested": lambda of: RejoinRequested(assignment_id=of.held),
    "JoinFailed": lambda of: JoinFailed(contact_id=of.contact, assignment_id=of.held),
    "agent's LegAnswered": lambda of: LegAnswered(assignment_id=of.held, leg_id=of.anns, node=NODE),
    "ContactCancelled": lambda of: ContactCancelled(contact_id=of.contact),
}
#              ringing  listening  coaching  together  leading
ANSWERS: dict[str, tuple[str, str, str, str, str]] = {
    "listen": ("=", "=", "ann talks listening", "no", "no"),
    "coach": ("=", "ann talks coaching", "=", "no", "no"),
    "barge": ("=", "ann talks together", "ann talks together", "=", "="),
    "take over": ("=", "leading", "leading", "leading", "="),
    "she leaves": ("ann talks", "ann talks", "ann talks", "ann talks", "over"),
    "she answers": ("ann talks listening", "=", "=", "=", "="),
    "she is not reached": ("ann talks", "=", "=", "=", "="),
    "she hangs up": ("ann talks", "ann talks", "ann talks", "ann talks", "over"),
    "she is lost": ("ann talks", "ann talks", "ann talks", "ann talks", "waits"),
    "her ear is gone": ("=", "ann talks", "ann talks", "=", "="),
    "the agent parts from her": ("=", "=", "=", "no", "no"),
    "the agent hangs up": ("ann wraps up", "ann wraps up", "ann wraps up", "leading", "="),
    "the agent is lost": ("ann rejoins", "ann rejoins", "ann rejoins", "ann rejoins together", "="),
    "the customer hangs up": ("ann wraps up", "ann wraps up", "ann wraps up", "ann wraps up", "over"),
    "HangUpRequested": ("ann wraps up", "ann wraps up", "ann wraps up", "leading", "no"),
    "HoldRequested": ("ann holds ringing", "ann holds listening", "ann holds coaching", "no", "no"),
    "ResumeRequested": ("no", "no", "no", "no", "no"),
    "InviteRequested": (
        "ann holds ringing ringing",
        "ann holds ringing listening",
        "ann holds ringing coaching",
        "ann holds together ringing",
        "no",
    ),
    "TransferRequested": ("called", "called", "called", "no", "no"),
    "RejoinRequested": ("ann rejoins", "ann rejoins", "ann rejoins", "ann rejoins together", "no"),
    "JoinFailed": ("ann rejoins", "ann rejoins", "ann rejoins", "ann rejoins together", "="),
    "agent's LegAnswered": ("=", "=", "=", "=", "="),
    "ContactCancelled": ("ann wraps up", "ann wraps up", "ann wraps up", "ann wraps up", "over"),
}
"""Of each event in each situation: refused, nothing changed, or who has the customer and how she is at the talk."""
PAIRS = [
    (event, situation, answer)
    for event, row in ANSWERS.items()
    for situation, answer in zip(SITUATIONS, row, strict=True)
]


def test_the_table_is_complete() -> None:
    assert ANSWERS.keys() == EVENTS.keys()


def how_it_stands(day: Scenario) -> str:
    contact = day.state.contacts.get(day.contact_ids["c1"])
    sues = [str(found.state) for found in day.state.monitors.values()]
    if contact is None:
        return " ".join(["over", *sues])
    held = day.state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    verb = {"active": "talks", "held": "holds", "rejoining": "rejoins", "wrap_up": "wraps up"}
    words = [f"{held.agent_id} {verb[held.state]}"] if held is not None else []
    if held is None and contact.state is ContactState.WAITING:
        words = ["waits"]
    return " ".join([*words, *(str(day.state.parties[leg].state) for leg in contact.parties), *sues])


def outcome(event: str, situation: str) -> tuple[str, bool]:
    """What came of it, and whether the records are as before."""
    day = centre()
    anns = day.leg("ann")
    ids = Ids(day, SITUATIONS[situation](day), anns)
    before, was = snapshot(day.state), how_it_stands(day)
    try:
        day.send(EVENTS[event](ids))
    except RuleError:
        answer = "no"
    else:
        now = how_it_stands(day)
        answer = "=" if now == was else now
    after = snapshot(day.state)
    same = (before.contacts, before.assignments, before.parties) == (after.contacts, after.assignments, after.parties)
    return answer, same and len(before.monitors) == len(after.monitors)


@pytest.mark.parametrize(("event", "situation", "answer"), PAIRS, ids=str)
def test_every_event_in_every_situation(event: str, situation: str, answer: str) -> None:
    found, same = outcome(event, situation)
    assert found == answer
    assert same or answer not in ("no", "=")


# -- who hears whom ----------------------------------------------------------------------------------------------------


class Switch(Bridges):
    """Does what it is told, ears too."""

    def __init__(self) -> None:
        super().__init__()
        self.ears: dict[LegId, tuple[LegId, bool]] = {}
        """Whom each hears, and whether it speaks to him."""

    def do(self, command: Command) -> None:
        if isinstance(command, Overhear):
            self._overhear(command)
            return
        super().do(command)
        if isinstance(command, EndLeg):
            self.ears.pop(command.leg_id, None)

    def _overhear(self, command: Overhear) -> None:
        if command.instead_of is not None:
            self.do(EndLeg(leg_id=command.instead_of, node=NODE))
        if {command.spied, command.leg_id} <= self.up:
            self.up.add(command.snoop)
            self.ears[command.snoop] = (command.spied, command.whispering)
            self._join(command.bridge_id, (command.snoop, command.leg_id))

    def heard_by(self, leg: LegId) -> set[LegId]:
        """Whom this leg hears: those in its bridge, and for an ear there whom it hears; who speaks into its own ear."""
        heard = self.with_(leg)
        for ear in heard & self.ears.keys():
            spied, _ = self.ears[ear]
            heard = (heard - {ear}) | {spied} | self.with_(spied)
        for ear, (spied, speaks) in self.ears.items():
            if spied == leg and speaks:
                heard |= self.with_(ear)
        return heard


MONITOR_ACTS = st.sampled_from(
    [
        *((name, mode) for name in ("sue", "tim") for mode in MonitorMode),
        *((name, what) for name in ("sue", "tim") for what in ("answers", "fails", "leaves", "hangs up", "goes deaf")),
    ]
)
STEPS = st.one_of(MONITOR_ACTS, MONITOR_ACTS, st.tuples(TRANSFER_ACTS, st.integers(0, 3)))


@pytest.mark.lesson(4)
@pytest.mark.timeout(300)
@settings(max_examples=SEQUENCES, deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=14))
def test_whatever_happens_a_listener_is_unheard_and_the_customer_never_hears_a_coach(
    on_duty: bool, script: list[tuple[str, MonitorMode | str | int]]
) -> None:
    day, switch = centre(on_duty=on_duty), Switch()
    for extra in ("bob", "cid"):
        day.agent(extra, ready=extra == "bob")
    customer = caller_leg("c1")
    switch.up |= {customer, day.leg("ann")}
    switch.catch_up(day)
    for who, what in script:
        event = transfer_act(day, who, what) if isinstance(what, int) else monitor_act(day, who, what)
        switch.catch_up(day)
        if event is None:
            continue
        if isinstance(event, LegEnded | PartyFailed):
            switch.do(EndLeg(leg_id=event.leg_id, node=NODE))
        with suppress(RuleError):
            day.send(event)
        switch.catch_up(day)
        assert not broken_invariants(day.state)
        talk_is_whole(day, switch, customer)
        each_hears_what_she_may(day, switch, customer)
    rung = sum(isinstance(fact, MonitorRung) for fact in day.facts)
    gone = sum(isinstance(fact, MonitorEnded | MonitorCameIn) for fact in day.facts)
    assert rung == gone + len(day.state.monitors)


def monitor_act(day: Scenario, name: str, what: str) -> Event | None:
    found = next((one for one in day.state.monitors.values() if one.agent_id == name), None)
    leg = day.state.agents[AgentId(name)].party_leg
    if what in list(MonitorMode):
        return MonitorRequested(contact_id=day.contact_ids["c1"], agent_id=AgentId(name), mode=MonitorMode(what))
    if what == "leaves":
        return MonitorLeft(agent_id=AgentId(name))
    if what == "answers":
        return PartyAnswered(leg_id=leg, node=NODE) if leg is not None else None
    if what == "goes deaf":
        return LegEnded(leg_id=found.snoop, cause=LegCause.NORMAL) if found is not None and found.snoop else None
    if leg is None:
        return None
    rings = found is not None and found.state is MonitorState.RINGING
    if what == "fails":
        return PartyFailed(leg_id=leg, cause=LegCause.NO_ANSWER) if rings else None
    return LegEnded(leg_id=leg, cause=LegCause.NORMAL)


def talk_is_whole(day: Scenario, switch: Switch, customer: LegId) -> None:
    """All that holds of a talk without listeners holds of this one, when they and their ears are taken away."""
    theirs = set(day.state.monitors) | {one.snoop for one in day.state.monitors.values() if one.snoop is not None}
    alone = Bridges()
    alone.up = switch.up - theirs
    alone.bridge = {leg: where for leg, where in switch.bridge.items() if leg not in theirs}
    nobody_is_alone(day, alone, customer)


def each_hears_what_she_may(day: Scenario, switch: Switch, customer: LegId) -> None:
    ears = {one.snoop for one in day.state.monitors.values() if one.snoop is not None}
    assert switch.ears.keys() == ears, "no ear without its supervisor"
    assert all(spied != customer for spied, _ in switch.ears.values())
    for one in day.state.monitors.values():
        hears = switch.heard_by(one.leg_id)
        who_hears = {leg for leg in switch.up - ears if one.leg_id in switch.heard_by(leg)}
        match one.state:
            case MonitorState.LISTENING:
                assert who_hears == set()
            case MonitorState.COACHING:
                assert who_hears == {one.spied}
            case _:
                assert (who_hears, hears) == (set(), set())
        if one.state in HEARING:
            assert hears == {one.spied} | switch.with_(one.spied)
        assert customer not in who_hears
    for party in day.state.parties.values():
        if party.state in IN_TALK and party.uninvited:
            assert customer in switch.heard_by(party.leg_id)
            assert party.leg_id in switch.heard_by(customer)
