"""Who is there: enrolment, sign-in and sign-out, readiness as the agent asks for it, desktops, phones, nodes.

The changes themselves, and what the system does to an agent's readiness, stand in `cti.domain.readiness`. Called by
`acd`.
"""

from msgspec.structs import replace

from cti.domain import offers, talks, waiting
from cti.domain.agent import Agent, is_available, wants_calls
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.events import (
    AgentBecameNotReady,
    AgentBecameReady,
    AgentEnrolled,
    AgentRemoved,
    AgentSignedIn,
    AgentSignedOut,
    DesktopConnected,
    DesktopLost,
    DeviceChosen,
    HoursSet,
    PhoneReachable,
    PhoneUnreachable,
    QueueClosed,
    QueueOpened,
    SkillLevel,
    SkillsChanged,
    SwitchLost,
    SwitchReturned,
)
from cti.domain.facts import AgentConfigured, DeviceSet, HoursConfigured, NodeLost, NodeReturned, QueueConfigured
from cti.domain.ids import (
    REASON_REMOVED,
    REASON_SIGNED_IN,
    Device,
    OfferOutcome,
    Readiness,
    ReasonId,
    SkillId,
)
from cti.domain.queue import Queue
from cti.domain.readiness import (
    SETTLE_MS,
    check_reach,
    defer_sign_out,
    fallback,
    go_on,
    set_fallback,
    set_reach,
    set_readiness,
)
from cti.domain.states import AssignmentState
from cti.domain.turn import Turn
from cti.errors import RuleError

# -- configuration -----------------------------------------------------------------------------------------------------


def queue_opened(turn: Turn, event: QueueOpened) -> None:
    """New rules, effective at once; the same rules again are nothing."""
    _configure_queue(turn, event, is_open=True)


def hours_set(turn: Turn, event: HoursSet) -> None:
    """Effective at the next look at a clock; the same again is nothing."""
    if turn.state.hours.get(event.hours_id) != event:
        turn.record(HoursConfigured(hours=event))


def queue_closed(turn: Turn, event: QueueClosed) -> None:
    """Nothing new comes in; what waits is served."""
    _configure_queue(turn, turn.state.queue(event.queue_id).rules, is_open=False)


def _configure_queue(turn: Turn, rules: QueueOpened, *, is_open: bool) -> None:
    before = turn.state.queues.get(rules.queue_id)
    if before is not None and before.rules == rules and before.open == is_open:
        return
    if before is not None and before.rules.project_id != rules.project_id:
        _refuse_while_used(turn, before)
    turn.record(QueueConfigured(rules=rules, open=is_open))
    if before is not None and before.rules != rules:
        waiting.rules_changed(turn, rules.queue_id)
    if before is None or _asks(before.rules) != _asks(rules):
        for agent in sorted(turn.state.agents.values(), key=lambda agent: agent.id):
            if is_available(agent):
                set_fallback(turn, agent)


def _refuse_while_used(turn: Turn, queue: Queue) -> None:
    """A queue goes to another project only when none of the old one's contacts is in it."""
    if any(contact.queue_id == queue.id for contact in turn.state.contacts.values()):
        raise RuleError(
            f"Contacts of project {queue.rules.project_id} are still in queue {queue.id}: "
            "close it, and give it to another project when they are served.",
            code="queue_in_use",
        )


def _asks(rules: QueueOpened) -> tuple[object, ...]:
    """All by which an agent can serve the queue or not."""
    return rules.requirements, rules.project_id, rules.condition, rules.sites


def agent_enrolled(turn: Turn, event: AgentEnrolled) -> None:
    """He exists with these projects and skills; the same again is nothing."""
    capacity = event.capacity if event.capacity is not None else ONE_AT_A_TIME
    agent = turn.state.agents.get(event.agent_id) or Agent(id=event.agent_id)
    _configure_agent(
        turn,
        replace(
            agent,
            project_ids=event.project_ids,
            skills=_each_once(event.skills),
            removed=False,
            site_id=event.site_id,
            capacity=capacity,
        ),
    )


def skills_changed(turn: Turn, event: SkillsChanged) -> None:
    """Effective at the next decision; offers made stand."""
    agent = turn.state.agent(event.agent_id)
    _configure_agent(turn, replace(agent, skills=_each_once(event.skills)))


def _each_once(skills: tuple[SkillLevel, ...]) -> tuple[SkillLevel, ...]:
    """One named twice counts at its higher level."""
    highest: dict[SkillId, SkillLevel] = {}
    for skill in skills:
        before = highest.get(skill.skill_id)
        if before is None or before.level < skill.level:
            highest[skill.skill_id] = skill
    return skills if len(highest) == len(skills) else tuple(highest.values())


def _configure_agent(turn: Turn, wanted: Agent) -> None:
    if turn.state.agents.get(wanted.id) == wanted:
        return
    kept = turn.state.index.kept_for(wanted.id)
    turn.record(_configured(wanted))
    waiting.release(turn, kept)
    go_on(turn, wanted.id)
    agent = turn.state.agent(wanted.id)
    if is_available(agent):
        set_fallback(turn, agent)


def _configured(agent: Agent) -> AgentConfigured:
    return AgentConfigured(
        agent_id=agent.id,
        project_ids=agent.project_ids,
        skills=agent.skills,
        removed=agent.removed,
        site_id=agent.site_id,
        capacity=None if agent.capacity == ONE_AT_A_TIME else agent.capacity,
    )


def agent_removed(turn: Turn, event: AgentRemoved) -> None:
    """Nothing new for him; a talk he finishes, work at his desktop goes back to its queue."""
    agent = turn.state.agent(event.agent_id)
    if agent.removed:
        return
    kept = turn.state.index.kept_for(agent.id)
    talks.requeue_all_work(turn, agent.id)
    sign_out(turn, turn.state.agent(agent.id), reason=REASON_REMOVED)
    turn.record(_configured(replace(turn.state.agent(agent.id), removed=True)))
    waiting.release(turn, kept)


# -- sign-in and readiness ---------------------------------------------------------------------------------------------


def agent_signed_in(turn: Turn, event: AgentSignedIn) -> None:
    """He is there, not ready yet. Signed in already, he moves to the device; and one who was leaving stays."""
    agent = turn.state.agent(event.agent_id)
    if agent.removed:
        raise RuleError("This agent has been removed: ask an admin to enrol him again.", code="agent_removed")
    if agent.readiness is Readiness.OFFLINE or agent.leaving:
        set_readiness(turn, agent.id, Readiness.NOT_READY, reason=REASON_SIGNED_IN)
    _choose_device(turn, turn.state.agent(agent.id), event.device)


def agent_signed_out(turn: Turn, event: AgentSignedOut) -> None:
    """He leaves: at once, or after what he holds. Gone already is nothing."""
    sign_out(turn, turn.state.agent(event.agent_id), reason=None)


def sign_out(turn: Turn, agent: Agent, *, reason: ReasonId | None) -> None:
    """What is only offered to him goes back to its place; what he has taken up he finishes.

    Reserved for a campaign, he is owed to those who are being dialled, and leaves when he is released.
    """
    if agent.readiness is Readiness.OFFLINE:
        return
    for assignment_id in agent.assignment_ids:
        assignment = turn.state.assignment(assignment_id)
        if assignment.state is AssignmentState.OFFERED:
            offers.end_offer(turn, assignment, outcome=OfferOutcome.RESCINDED)
    agent = turn.state.agent(agent.id)
    if agent.assignment_ids or agent.reserved_for is not None or agent.party_leg is not None:
        defer_sign_out(turn, agent)
    elif agent.readiness is not Readiness.OFFLINE:
        set_readiness(turn, agent.id, Readiness.OFFLINE, reason=reason)


def agent_became_ready(turn: Turn, event: AgentBecameReady) -> None:
    """He takes contacts; refused while his phone could not ring."""
    agent = turn.state.agent(event.agent_id)
    if agent.readiness is Readiness.OFFLINE or agent.leaving:
        raise RuleError("You are signed out: sign in, then make yourself ready.", code="signed_out")
    if wants_calls(event.media) and agent.device not in agent.phones:
        raise RuleError(_PHONE_MISSING[agent.device], code=f"{agent.device}_phone_missing")
    if agent.readiness is Readiness.READY and agent.media == event.media:
        return
    set_readiness(turn, agent.id, Readiness.READY, media=event.media)
    check_reach(turn, agent.id)


_PHONE_MISSING = {
    Device.SIP: "Your phone is not registered: switch it on or choose the browser phone, then try again.",
    Device.WEB: "Your phone is not registered: allow the browser phone on this page "
    "or choose your SIP phone, then try again.",
    Device.DESK: "You are logged in at no desk phone that is on: log in at one or choose another phone, "
    "then try again.",
}


def agent_became_not_ready(turn: Turn, event: AgentBecameNotReady) -> None:
    """A break: an offer that rings goes on."""
    agent = turn.state.agent(event.agent_id)
    if agent.readiness is Readiness.OFFLINE:
        raise RuleError("You are signed out: there is nothing to pause.", code="signed_out")
    if agent.readiness is Readiness.NOT_READY and agent.reason == event.reason:
        return
    set_readiness(turn, agent.id, Readiness.NOT_READY, reason=event.reason)


def device_chosen(turn: Turn, event: DeviceChosen) -> None:
    """The next ring goes there."""
    _choose_device(turn, turn.state.agent(event.agent_id), event.device)


def _choose_device(turn: Turn, agent: Agent, device: Device) -> None:
    if agent.device is device:
        return
    available = is_available(agent)
    if available:
        turn.do(replace(fallback(turn.state, agent), available=False))
    turn.record(DeviceSet(agent_id=agent.id, device=device))
    if available:
        set_fallback(turn, turn.state.agent(agent.id))
    check_reach(turn, agent.id)
    talks.ring_lost_agent(turn, agent.id, anew=False)


# -- reach -------------------------------------------------------------------------------------------------------------


def desktop_connected(turn: Turn, event: DesktopConnected) -> None:
    """Pops can be shown; a browser phone that was lost may be there again with its page."""
    agent = turn.state.agent(event.agent_id)
    set_reach(turn, agent, desktop=True, phones=agent.phones)
    if agent.device is Device.WEB:
        talks.ring_lost_agent(turn, agent.id, anew=False)


def desktop_lost(turn: Turn, event: DesktopLost) -> None:
    """He stays ready for the grace time."""
    agent = turn.state.agent(event.agent_id)
    set_reach(turn, agent, desktop=False, phones=agent.phones)


def phone_reachable(turn: Turn, event: PhoneReachable) -> None:
    """The device can ring; a talk that he lost on it is rung."""
    agent = turn.state.agent(event.agent_id)
    phones = tuple(device for device in Device if device in agent.phones or device is event.device)
    set_reach(turn, agent, desktop=agent.desktop, phones=phones)
    if agent.device is event.device:
        talks.ring_lost_agent(turn, agent.id, anew=True)


def phone_unreachable(turn: Turn, event: PhoneUnreachable) -> None:
    """No calls are offered to it; if it is the chosen one, he stays ready for the grace time."""
    agent = turn.state.agent(event.agent_id)
    phones = tuple(device for device in agent.phones if device is not event.device)
    set_reach(turn, agent, desktop=agent.desktop, phones=phones)


# -- nodes of the switch -----------------------------------------------------------------------------------------------


def switch_lost(turn: Turn, event: SwitchLost) -> None:
    """Nothing is ended: what rings or talks there may go on. Nothing more is offered there, and no phone is missed."""
    node = turn.state.nodes.get(event.node)
    if node is not None and node.lost:
        return
    turn.record(NodeLost(node=event.node, at_ms=turn.now))
    _check_every_reach(turn)


def switch_returned(turn: Turn, event: SwitchReturned) -> None:
    """Who waits there is offered again; phones have a minute to register anew.

    Of a node not known as lost it is nothing, but for the first of all: from there is dialled before anybody calls.
    """
    node = turn.state.nodes.get(event.node)
    if turn.state.node is not None and (node is None or not node.lost):
        return
    turn.record(NodeReturned(node=event.node, at_ms=turn.now, settled_ms=turn.now + SETTLE_MS))
    _check_every_reach(turn)


def _check_every_reach(turn: Turn) -> None:
    for agent_id in sorted(turn.state.agents):
        if is_available(turn.state.agent(agent_id)):
            check_reach(turn, agent_id)
