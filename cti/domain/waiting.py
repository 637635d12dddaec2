"""What happens to a contact while it waits: steps, the hold for its preferred agents, urgency, announcements.

Theory of operation. A waiting contact has one timer, set to whatever is next planned for it (`WaitPlanned`): a step,
the end of the hold-for, the instant at which its service level is in danger, the end of a callback's sleep. The plan
stands in the contact, so a restart loses nothing, and a late timer does once what it would have done on time. The
steps' clock runs from the contact's entry in the queue, whether it is being offered meanwhile or not. Called by `acd`,
`arrivals`, `readiness` and `deadlines`.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from cti.domain import expected, hours
from cti.domain.agent import is_available, takes
from cti.domain.commands import Announce, PlayMusic, SendAway
from cti.domain.contact import Contact, plan_ms
from cti.domain.events import HoursSet, PriorityChanged, QueueOpened, Step
from cti.domain.facts import (
    CallbackOffered,
    CallbackPostponed,
    ContactClosed,
    ContactMoved,
    ContactUrged,
    PriorityGiven,
    StepTaken,
    WaitPlanned,
)
from cti.domain.ids import SYSTEM_OVERFLOWED, AgentId, Announcement, ContactId, Medium, Milliseconds, QueueId, TimerKind
from cti.domain.queue import MOST_POINTS, changes_demand, service_level_ms
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.domain.turn import Turn

URGENT_SHARE_PERCENT: Final = 80
"""At this share of its service level's time a contact that still waits is urgent, whatever was predicted."""
LOOK_AGAIN_MS: Final[Milliseconds] = 86_400_000
"""How long a callback sleeps whose calling hours never begin as they stand."""


# -- beginning to wait -------------------------------------------------------------------------------------------------


def keep_for_preferred(turn: Turn, contact: Contact) -> None:
    """Keep a new contact for its preferred agents while one of them is there, but busy, and it is worth waiting."""
    until = _hold_until(turn, contact)
    if until is not None:
        turn.record(WaitPlanned(contact_id=contact.id, stepped_ms=0, held_until_ms=until))


def _hold_until(turn: Turn, contact: Contact) -> Milliseconds | None:
    """The end of the longest hold-for of those who are there; None when there is nobody to wait for (any more)."""
    ends = [
        contact.queued_ms + hold_ms
        for agent_id, hold_ms in zip(contact.preferred, contact.hold_for_ms, strict=False)
        if is_present(turn.state, agent_id, contact.medium) and turn.state.index.can_serve(contact, agent_id)
    ]
    latest = max(ends, default=0)
    return latest if latest > turn.now else None


def is_present(state: State, agent_id: AgentId, medium: Medium) -> bool:
    """Whether he takes contacts of this medium, be he busy: one who is away is not waited for."""
    agent = state.agents.get(agent_id)
    return agent is not None and is_available(agent) and takes(agent, medium)


def rest(turn: Turn) -> None:
    """Before offers are made: whom those who began to wait by this event are kept for, and who sleeps for now.

    Outside calling hours one who waits to be called back is offered to nobody until they begin.
    """
    for contact_id in tuple(turn.waiting):
        contact = turn.state.contacts.get(contact_id)
        if contact is None or contact.state is not ContactState.WAITING:
            continue
        release(turn, (contact_id,))
        if contact.asleep_until_ms is not None or contact.medium is not Medium.CALLBACK:
            continue
        contact = turn.state.contacts[contact_id]
        opens = _opens_ms(turn, contact)
        if opens is not None:
            turn.record(
                CallbackPostponed(contact_id=contact.id, attempts=contact.attempts, until_ms=opens, at_ms=turn.now)
            )


def settle(turn: Turn) -> None:
    """Whoever began to wait by this event, and found nobody, hears music and has a plan from now on."""
    for contact_id in dict.fromkeys(turn.waiting):
        contact = turn.state.contacts.get(contact_id)
        if contact is None or contact.state is not ContactState.WAITING:
            continue
        if contact.leg_id is not None and contact.node is not None:
            turn.do(PlayMusic(leg_id=contact.leg_id, node=contact.node, queue_id=contact.queue_id))
        _plan(turn, contact)


def _plan(turn: Turn, contact: Contact, *, stepped_ms: Milliseconds | None = None) -> None:
    """Note what is next to be done for it, and have it woken then.

    `stepped_ms`: up to how much waiting everything is done now; None: as far as it was.
    """
    rules = turn.state.queues[contact.queue_id].rules
    stepped = contact.stepped_ms if stepped_ms is None else stepped_ms
    begins = contact.expected_ms is None and stepped == 0
    guess = _estimate(turn, contact) if begins else None
    planned = WaitPlanned(
        contact_id=contact.id,
        stepped_ms=stepped,
        next_step_ms=_next_step(turn, rules, replace(contact, stepped_ms=stepped)),
        held_until_ms=contact.held_until_ms,
        urgent_ms=_urgent_ms(rules, contact, guess if begins else contact.expected_ms),
        asleep_until_ms=contact.asleep_until_ms,
        expected_ms=guess if begins else contact.expected_ms,
    )
    _keep_plan(turn, contact, planned)


def _keep_plan(turn: Turn, contact: Contact, planned: WaitPlanned) -> None:
    before = WaitPlanned(
        contact_id=contact.id,
        stepped_ms=contact.stepped_ms,
        next_step_ms=contact.next_step_ms,
        held_until_ms=contact.held_until_ms,
        urgent_ms=contact.urgent_ms,
        asleep_until_ms=contact.asleep_until_ms,
        expected_ms=contact.expected_ms,
    )
    if planned != before:
        turn.record(planned)
    at_ms = plan_ms(turn.state.contacts[contact.id])
    if at_ms is not None:
        turn.start(TimerKind.STEP, contact.id, at_ms=at_ms)


def _estimate(turn: Turn, contact: Contact) -> Milliseconds | None:
    pace = turn.state.paces.get(expected.pace_key(contact))
    if pace is None or pace.samples < expected.ENOUGH:
        return None
    return expected.estimate_ms(pace, position=turn.state.index.position(contact, turn.now))


def _urgent_ms(rules: QueueOpened, contact: Contact, guess: Milliseconds | None) -> Milliseconds | None:
    """When its service level is in danger: when the wait predicted would just meet it, or at a share of it."""
    if rules.urgency_ms <= 0 or contact.urged:
        return None
    within_ms = service_level_ms(rules, contact.medium)
    latest = contact.arrived_ms + within_ms * URGENT_SHARE_PERCENT // 100
    if guess is None:
        return latest
    return min(latest, max(contact.arrived_ms + within_ms - guess, contact.queued_ms))


# -- steps -------------------------------------------------------------------------------------------------------------


def _next_step(turn: Turn, rules: QueueOpened, contact: Contact) -> Milliseconds | None:
    """When the next of its steps is due, or calling hours end; None when neither will be."""
    due = [
        contact.queued_ms + at for step in rules.steps if (at := _occurs(step, after_ms=contact.stepped_ms)) is not None
    ]
    calling = _calling_hours(turn, contact)
    if calling is not None:
        due.append(hours.closes_ms(calling, turn.now))
    return min(due, default=None)


def _occurs(step: Step, *, after_ms: Milliseconds) -> Milliseconds | None:
    """The step's next instant of waiting later than that; a step at 0 comes in the first millisecond."""
    first = max(step.after_ms, 1)
    if first > after_ms:
        return first
    if step.every_ms <= 0:
        return None
    return first + ((after_ms - first) // step.every_ms + 1) * step.every_ms


def time_is_up(turn: Turn, contact: Contact) -> None:
    """Do for a waiting contact all that is due, and plan what comes next."""
    rules = turn.state.queues[contact.queue_id].rules
    if contact.urgent_ms is not None and contact.urgent_ms <= turn.now:
        turn.record(ContactUrged(contact_id=contact.id, at_ms=turn.now))
    asleep, held = contact.asleep_until_ms, contact.held_until_ms
    if asleep is None or asleep <= turn.now:
        asleep = _opens_ms(turn, contact)
    if held is not None and held <= turn.now:
        held = None
    elapsed = turn.now - contact.queued_ms
    due = _due(rules, contact, elapsed)
    if (asleep, held) != (contact.asleep_until_ms, contact.held_until_ms):
        _change_hold(turn, contact, held_until_ms=held, asleep_until_ms=asleep)
    for at in due:
        if not _take(turn, turn.state.contacts[contact.id], rules, at):
            return
    release(turn, (contact.id,))  # a step may ask for what its preferred agents lack
    contact = turn.state.contacts[contact.id]
    _plan(turn, contact, stepped_ms=max(elapsed, contact.stepped_ms))


def _due(rules: QueueOpened, contact: Contact, elapsed: Milliseconds) -> list[int]:
    return [
        at
        for at, step in enumerate(rules.steps)
        if (next_ms := _occurs(step, after_ms=contact.stepped_ms)) is not None and next_ms <= elapsed
    ]


def _take(turn: Turn, contact: Contact, rules: QueueOpened, at: int) -> bool:
    """Take the step if its conditions hold; False when the contact is no longer this queue's."""
    step = rules.steps[at]
    if not _applies(turn, contact, step):
        return True
    if step.to_destination is not None and contact.leg_id is not None and contact.node is not None:
        turn.record(ContactClosed(contact_id=contact.id, disposition=SYSTEM_OVERFLOWED, at_ms=turn.now))
        turn.do(
            SendAway(contact_id=contact.id, leg_id=contact.leg_id, node=contact.node, destination=step.to_destination)
        )
        return False
    if step.to_queue is not None and _move(turn, contact, step):
        return False
    priority = _clamped(contact.priority + (0 if contact.steps_taken >> at & 1 else step.priority))
    is_new = not contact.steps_taken >> at & 1 and (changes_demand(step) or priority != contact.priority)
    if is_new:
        turn.record(StepTaken(contact_id=contact.id, step=at, at_ms=turn.now, priority=priority))
    _announce(turn, turn.state.contacts[contact.id], rules, step)
    return True


def _move(turn: Turn, contact: Contact, step: Step) -> bool:
    target = turn.state.queues.get(step.to_queue) if step.to_queue is not None else None
    if target is None or not target.open or target.id == contact.queue_id:
        return False
    if target.rules.project_id != contact.project_id:
        return False  # no project's contacts get into another's queues
    turn.record(
        ContactMoved(contact_id=contact.id, queue_id=target.id, project_id=target.rules.project_id, at_ms=turn.now)
    )
    turn.waiting.append(contact.id)
    return True


def _applies(turn: Turn, contact: Contact, step: Step) -> bool:
    index = turn.state.index
    if step.if_position_over is not None and index.position(contact, turn.now) <= step.if_position_over:
        return False
    if step.if_eligible_under is not None and index.eligible(contact) >= step.if_eligible_under:
        return False
    if step.if_expected_over_ms is not None:
        guess = _estimate(turn, contact)
        if guess is None or guess <= step.if_expected_over_ms:
            return False
    if step.if_open is not None:
        known = turn.state.hours.get(step.if_open)
        if known is None or not hours.is_open(known, turn.now):
            return False
    if step.if_closed is not None:
        known = turn.state.hours.get(step.if_closed)
        if known is None or hours.is_open(known, turn.now):
            return False
    return True


def _announce(turn: Turn, contact: Contact, rules: QueueOpened, step: Step) -> None:
    if contact.leg_id is None or contact.node is None or contact.medium is not Medium.VOICE:
        return
    offers = step.offer_callback and rules.callback is not None
    if offers and not contact.callback_offered:
        turn.record(CallbackOffered(contact_id=contact.id, at_ms=turn.now))
    position = guess = None
    if Announcement.POSITION in step.announce:
        position = turn.state.index.position(contact, turn.now)
    if Announcement.EXPECTED_WAIT in step.announce and expected.may_be_told(
        turn.state.paces.get(expected.pace_key(contact))
    ):
        guess = _estimate(turn, contact)
    if position is None and guess is None and not offers:
        return
    turn.do(
        Announce(
            contact_id=contact.id,
            leg_id=contact.leg_id,
            node=contact.node,
            queue_id=contact.queue_id,
            position=position,
            expected_ms=guess,
            offer_callback=offers,
        )
    )


# -- changes from outside ----------------------------------------------------------------------------------------------


def priority_changed(turn: Turn, event: PriorityChanged) -> None:
    """A supervisor's word; the same again is nothing."""
    contact = turn.state.contact(event.contact_id)
    priority = _clamped(event.priority)
    if priority != contact.priority:
        turn.record(PriorityGiven(contact_id=contact.id, priority=priority, at_ms=turn.now))


def release_kept(turn: Turn, agent_id: AgentId) -> None:
    """He is away: what was kept for him is anyone's, or is kept as long as it is worth waiting for the others."""
    release(turn, turn.state.index.kept_for(agent_id))


def release(turn: Turn, contact_ids: Iterable[ContactId]) -> None:
    """Keep none of these for longer than somebody is there to wait for."""
    for contact_id in contact_ids:
        contact = turn.state.contacts[contact_id]
        if contact.held_until_ms is None:
            continue
        until = _hold_until(turn, contact)
        if until is None or until < contact.held_until_ms:
            _change_hold(turn, contact, held_until_ms=until, asleep_until_ms=contact.asleep_until_ms)
            turn.waiting.append(contact_id)


def rules_changed(turn: Turn, queue_id: QueueId) -> None:
    """Plan anew, by the queue's new rules, what is next for each that waits there."""
    for contact_id in turn.state.index.ordered(queue_id, turn.now):
        release(turn, (contact_id,))
        _plan(turn, turn.state.contacts[contact_id])


def _calling_hours(turn: Turn, contact: Contact) -> HoursSet | None:
    """Those that hold for it: only one who waits to be called back has any."""
    rule = turn.state.queues[contact.queue_id].rules.callback
    if contact.medium is not Medium.CALLBACK or contact.leg_id is not None or rule is None or rule.hours is None:
        return None
    return turn.state.hours.get(rule.hours)


def _opens_ms(turn: Turn, contact: Contact) -> Milliseconds | None:
    """When it may be tried to call back: None at once, else when the calling hours begin."""
    calling = _calling_hours(turn, contact)
    if calling is None:
        return None
    opens = hours.opens_ms(calling, turn.now)
    if opens is None:
        return turn.now + LOOK_AGAIN_MS
    return opens if opens > turn.now else None


def _change_hold(
    turn: Turn, contact: Contact, *, held_until_ms: Milliseconds | None, asleep_until_ms: Milliseconds | None
) -> None:
    turn.record(
        WaitPlanned(
            contact_id=contact.id,
            stepped_ms=contact.stepped_ms,
            next_step_ms=contact.next_step_ms,
            held_until_ms=held_until_ms,
            urgent_ms=contact.urgent_ms,
            asleep_until_ms=asleep_until_ms,
            expected_ms=contact.expected_ms,
        )
    )


def _clamped(points: int) -> int:
    return max(-MOST_POINTS, min(points, MOST_POINTS))
