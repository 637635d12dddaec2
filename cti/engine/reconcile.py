"""Comparing what the ACD believes with what a node lists; pure.

Theory of operation. Events get lost: while the engine is dead, while a socket is down, when a BYE never comes. So the
node is asked for everything alive, and the difference becomes events:

- a leg that the ACD holds and the list lacks is suspected; one that was suspected for a while has ended (`LOST`). A leg
  outside our application but alive on the node (in the dialplan, in the fallback queue) is neither;
- a customer's leg that the list lacks, older than the node's process, was cut off: that needs no second list;
- a caller's leg that the list has and the ACD does not know is a new contact, unless its contact was closed already:
  then the hang-up was decided and never sent, and is sent now;
- an agent's leg that serves no live assignment is hung up; one that was answered unheard becomes `LegAnswered`; so too
  the leg of a customer who is called back, which is no caller's: we made it;
- so it is with agents' lines that are kept up, and with campaigns' callees until they have a contact. A line in a talk
  is a leg of the talk besides, and is not hung up with it; one that is between talks, and in a bridge, falls silent;
- a callee who should be listened to, and is not, is listened to now; one who is not in the application, and picked up
  while no engine was there, has been abandoned, be he told so just now or gone already;
- a caller's leg that was to go on outside the ACD, and has not, is sent there again;
- a supervisor who listens to a talk, and does not share a bridge with his ear, is put to it again; an ear that nobody
  hears by is hung up;
- a talk whose two legs live but do not share its bridge is joined again; a customer on hold who still shares it is
  taken out again; a bridge without a talk goes;
- a bridge that nobody knows but in which two legs of nobody live is somebody's talk, decided by an engine that died
  before it could write: it is left alone until one of them goes.

"Could not ask" never gets here: listing raises instead. `cti.engine.node` calls, posts the events and has the commands
done; both may be repeated without harm.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from cti.domain.assignment import Assignment
from cti.domain.callbacks import is_dialling
from cti.domain.campaign import Dial
from cti.domain.commands import (
    DetectMachine,
    DropBridge,
    EndLeg,
    HoldLeg,
    JoinLegs,
    JoinParty,
    QuietLine,
    SwitchCommand,
)
from cti.domain.contact import Contact, is_dialled
from cti.domain.events import (
    CalleeAnswered,
    CalleeFailed,
    Event,
    LegAnswered,
    LegEnded,
    LineAnswered,
    LineFailed,
    PartyAnswered,
    PartyFailed,
    RingFailed,
)
from cti.domain.ids import BridgeId, ContactId, LegCause, LegId, Medium, Milliseconds, NodeId
from cti.domain.monitor import HEARING, Monitor, ear_of
from cti.domain.monitors import overhearing
from cti.domain.party import IN_TALK, RINGING
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState, PartyState
from cti.ports import CallerEntered, ListedBridge, ListedLeg, Listing
from cti.variables import BRIDGE_PREFIX, EAR_PREFIX, SIDE_PREFIX

_OUT_OF_TALK = (AssignmentState.HELD, AssignmentState.REJOINING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the comparison asks for, to be carried out in this order."""

    events: tuple[Event, ...]
    callers: tuple[CallerEntered, ...]
    """Legs that wait in our application and belong to no contact yet."""
    commands: tuple[SwitchCommand, ...]
    suspected: frozenset[LegId]
    """Legs that are missing but have not been for long enough."""
    cut: tuple[LegId, ...] = ()
    """Customers' legs that are older than the node's process: it died under them, and they did not hang up. First."""


def compare(
    state: State,
    listing: Listing,
    *,
    before: Set[LegId],
    ripe: Set[LegId] = frozenset(),
    ended: Set[LegId] = frozenset(),
    alone: Set[LegId] = frozenset(),
    farewell: Callable[[LegId], SwitchCommand | None] = lambda _: None,
) -> Difference:
    """`before`: the legs held when the list was asked for; `ripe`: those suspected long enough ago.

    `alone`: of `unlisted_callees` those who picked up while no engine was there. `ended` holds callers' legs of
    contacts closed not long ago, or that go on without them; `farewell` tells by which
    command such a leg was sent out of the ACD, None when it was to be hung up. The listing's `started_ms` is by the
    engine's clock here.
    """
    listed = {leg.leg_id: leg for leg in listing.legs}
    missing = frozenset(
        leg_id
        for leg_id in held_legs(state, listing.node)
        if leg_id in before - alone and leg_id not in listed and leg_id not in listing.other_channels
    )
    cut = frozenset(leg_id for leg_id in missing if _is_older(state, leg_id, listing.started_ms))
    gone = sorted((missing & ripe) - cut, key=lambda leg_id: (leg_id not in state.contact_by_leg, leg_id))
    unclaimed = _unclaimed(state, listing, listed)
    return Difference(
        cut=tuple(sorted(cut)),
        events=(
            *(_ending(state, leg_id) for leg_id in gone),
            *_left_alone(state, alone),
            *_answered_unheard(state, listing),
        ),
        callers=tuple(_unknown_callers(state, listing, ended | unclaimed)),
        commands=(
            *_leftover_legs(state, listing, ended, spared=unclaimed, farewell=farewell),
            *_leftover_bridges(state, listing, spared=unclaimed),
            *_misplaced(state, listing, listed),
            *_astray(state, listing),
        ),
        suspected=missing - ripe - cut,
    )


def held_legs(state: State, node: NodeId) -> Iterable[LegId]:
    """Legs that should be alive on the node: those of wrap-up have been told to end."""
    for leg_id, contact_id in state.contact_by_leg.items():
        contact = state.contacts[contact_id]
        if contact.node == node and contact.state is not ContactState.WRAP_UP:
            yield leg_id
    for leg_id, assignment_id in state.assignment_by_leg.items():
        assignment = state.assignments[assignment_id]
        if assignment.state is not AssignmentState.WRAP_UP and state.contacts[assignment.contact_id].node == node:
            yield leg_id
    yield from _invited_legs(state, node)
    for leg_id, agent_id in state.line_by_leg.items():
        if state.agents[agent_id].line_node == node:
            yield leg_id
    for leg_id, dial_id in state.dial_by_leg.items():
        dial = state.dials[dial_id]
        if dial.node == node and dial.contact_id is None:
            yield leg_id


def callers_before_talk(state: State, node: NodeId) -> Iterable[LegId]:
    """Of those who called and wait, or whose agent rings. Their legs came to us: none is still on its way there."""
    for leg_id, contact_id in state.contact_by_leg.items():
        contact = state.contacts[contact_id]
        called = contact.medium is Medium.VOICE and not contact.outbound
        if called and contact.node == node and contact.state in (ContactState.WAITING, ContactState.OFFERED):
            yield leg_id


def _invited_legs(state: State, node: NodeId) -> Iterable[LegId]:
    """Of those who were asked into talks, and of supervisors at talks with what they hear them by."""
    for leg_id, party in state.parties.items():
        if party.node == node:
            yield leg_id
    for leg_id, monitor in state.monitors.items():
        if monitor.node == node:
            yield leg_id
            if monitor.snoop is not None:
                yield monitor.snoop


def unlisted_callees(state: State, listing: Listing) -> frozenset[LegId]:
    """Legs of campaigns' callees without a contact that the state has on this node, and the application has not."""
    listed = {leg.leg_id for leg in listing.legs}
    dials = (dial for dial in state.dials.values() if dial.node == listing.node and dial.contact_id is None)
    return frozenset(dial.leg_id for dial in dials if dial.leg_id is not None and dial.leg_id not in listed)


def _is_older(state: State, leg_id: LegId, started_ms: Milliseconds) -> bool:
    """Whether this is a customer's leg that stood before the node's process began; in doubt it is not.

    Of whom we call only that is known which his agent's offer tells: his leg is younger than that.
    """
    contact_id = state.contact_by_leg.get(leg_id)
    contact = state.contacts[contact_id] if contact_id is not None else None
    if contact is None or _dialled_for(state, contact) is not None:
        return False
    if not is_dialled(contact):
        return contact.arrived_ms < started_ms
    assignment = state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
    return assignment is not None and assignment.answered_ms is not None and assignment.answered_ms < started_ms


def _left_alone(state: State, legs: Set[LegId]) -> Iterable[Event]:
    for leg_id in sorted(legs):
        dial = _dial_of(state, leg_id)
        if dial is not None:
            yield CalleeFailed(dial_id=dial.id, leg_id=leg_id, cause=LegCause.LOST, alone=True)


def _ending(state: State, leg_id: LegId) -> Event:
    agent_id = state.line_by_leg.get(leg_id)
    if agent_id is not None:
        if state.agents[agent_id].line_up:
            return LegEnded(leg_id=leg_id, cause=LegCause.LOST)
        return LineFailed(agent_id=agent_id, leg_id=leg_id, cause=LegCause.LOST)
    dial = _dial_of(state, leg_id)
    if dial is not None and dial.answered_ms is None:
        return CalleeFailed(dial_id=dial.id, leg_id=leg_id, cause=LegCause.LOST)
    party = state.parties.get(leg_id)
    monitor = state.monitors.get(leg_id)
    if (party is not None and party.state in RINGING) or (monitor is not None and monitor.snoop is None):
        return PartyFailed(leg_id=leg_id, cause=LegCause.LOST)
    assignment_id = state.assignment_by_leg.get(leg_id)
    if assignment_id is not None and state.assignments[assignment_id].state is AssignmentState.OFFERED:
        return RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=LegCause.LOST)
    contact_id = state.contact_by_leg.get(leg_id)
    dialled_for = _dialled_for(state, state.contacts[contact_id]) if contact_id is not None else None
    if dialled_for is not None:
        return RingFailed(assignment_id=dialled_for.id, leg_id=leg_id, cause=LegCause.LOST)
    return LegEnded(leg_id=leg_id, cause=LegCause.LOST)


def _dial_of(state: State, leg_id: LegId) -> Dial | None:
    """The dial with this leg, as long as its callee has no contact."""
    dial_id = state.dial_by_leg.get(leg_id)
    dial = state.dials[dial_id] if dial_id is not None else None
    return dial if dial is not None and dial.contact_id is None else None


def _dialled_for(state: State, contact: Contact) -> Assignment | None:
    """The assignment for which this contact's customer is being called back right now."""
    if contact.leg_id is None or contact.assignment_id is None:
        return None
    assignment = state.assignments[contact.assignment_id]
    return assignment if is_dialling(assignment, contact) else None


def _unclaimed(state: State, listing: Listing, listed: dict[LegId, ListedLeg]) -> frozenset[LegId]:
    """Legs of talks that live without a contact. A line or a callee whom the state has is none: it is wanted there."""
    strays: set[LegId] = set()
    wanted = state.line_by_leg.keys() | state.dial_by_leg.keys()
    for bridge in listing.bridges:
        alive = (bridge.legs & listed.keys()) - wanted
        if bridge.bridge_id.startswith(BRIDGE_PREFIX) and _talk_of(state, bridge) is None and len(alive) > 1:
            strays |= alive
    return frozenset(strays - state.contact_by_leg.keys() - state.assignment_by_leg.keys())


def _talk_of(state: State, bridge: ListedBridge) -> Contact | None:
    """The live contact whose talk the bridge is, wrap-up not included."""
    contact = state.contacts.get(ContactId(bridge.bridge_id.removeprefix(BRIDGE_PREFIX)))
    return contact if contact is not None and contact.state is ContactState.ACTIVE else None


def _answered_unheard(state: State, listing: Listing) -> Iterable[Event]:
    for leg in listing.legs:
        if leg.agent_id is not None or leg.dial_id is not None or leg.party:
            yield from _made_unheard(state, leg, listing.node)
            continue
        assignment = _served(state, leg)
        if assignment is None or not leg.answered:
            continue
        contact = state.contacts[assignment.contact_id]
        customers = leg.leg_id == contact.leg_id
        rings = assignment.state in (AssignmentState.OFFERED, AssignmentState.REJOINING)
        if _dialled_for(state, contact) is not None if customers else rings:
            yield LegAnswered(assignment_id=assignment.id, leg_id=leg.leg_id, node=listing.node)


def _made_unheard(state: State, leg: ListedLeg, node: NodeId) -> Iterable[Event]:
    """Of an agent's line, a campaign's callee, and somebody who is asked into a talk."""
    if not leg.answered:
        return
    agent_id = state.line_by_leg.get(leg.leg_id)
    if agent_id is not None and not state.agents[agent_id].line_up:
        yield LineAnswered(agent_id=agent_id, leg_id=leg.leg_id, node=node)
    dial = _dial_of(state, leg.leg_id)
    if dial is not None and (dial.answered_ms is None or leg.machine is not None):
        yield CalleeAnswered(dial_id=dial.id, leg_id=leg.leg_id, node=node, machine=leg.machine)
    party, monitor = state.parties.get(leg.leg_id), state.monitors.get(leg.leg_id)
    if (party is not None and party.state in RINGING) or (monitor is not None and monitor.snoop is None):
        yield PartyAnswered(leg_id=leg.leg_id, node=node)


def _served(state: State, leg: ListedLeg) -> Assignment | None:
    """The assignment that this very leg, which we made, serves; wrap-up not included."""
    assignment_id = state.assignment_by_leg.get(leg.leg_id)
    contact_id = state.contact_by_leg.get(leg.leg_id)
    if contact_id is not None and leg.assignment_id is not None:
        assignment_id = state.contacts[contact_id].assignment_id
    if assignment_id is None:
        return None
    assignment = state.assignments[assignment_id]
    return None if assignment.state is AssignmentState.WRAP_UP else assignment


def _unknown_callers(state: State, listing: Listing, known: Set[LegId]) -> Iterable[CallerEntered]:
    for leg in listing.legs:
        if leg.caller is not None and leg.leg_id not in state.contact_by_leg and leg.leg_id not in known:
            yield leg.caller


def _leftover_legs(
    state: State,
    listing: Listing,
    ended: Set[LegId],
    *,
    spared: Set[LegId],
    farewell: Callable[[LegId], SwitchCommand | None],
) -> Iterable[SwitchCommand]:
    for leg in listing.legs:
        if leg.caller is not None:
            leftover = _is_over(state, leg.leg_id, ended)
        elif leg.agent_id is not None:
            leftover = leg.leg_id not in state.line_by_leg and _served(state, leg) is None
        elif leg.dial_id is not None:
            leftover = _dial_of(state, leg.leg_id) is None and _is_left(state, leg.leg_id)
        elif leg.party:
            wanted = leg.leg_id in state.parties or leg.leg_id in state.monitors
            leftover = not wanted and _served(state, leg) is None
        elif leg.ear:
            leftover = all(monitor.snoop != leg.leg_id for monitor in state.monitors.values())
        else:
            leftover = leg.assignment_id is not None and _served(state, leg) is None and not _waits(state, leg.leg_id)
        if leftover and leg.leg_id not in spared:
            yield farewell(leg.leg_id) or EndLeg(leg_id=leg.leg_id, node=listing.node)


def _is_over(state: State, leg_id: LegId, ended: Set[LegId]) -> bool:
    contact_id = state.contact_by_leg.get(leg_id)
    if contact_id is None:
        return leg_id in ended
    return state.contacts[contact_id].state is ContactState.WRAP_UP


def _is_left(state: State, leg_id: LegId) -> bool:
    """Whether nobody's contact lives on this leg."""
    contact_id = state.contact_by_leg.get(leg_id)
    return contact_id is None or state.contacts[contact_id].state is ContactState.WRAP_UP


def _waits(state: State, leg_id: LegId) -> bool:
    """Whether a customer who was called back waits on this leg for another agent, having lost his."""
    contact_id = state.contact_by_leg.get(leg_id)
    return contact_id is not None and state.contacts[contact_id].state is ContactState.WAITING


def _leftover_bridges(state: State, listing: Listing, *, spared: Set[LegId]) -> Iterable[SwitchCommand]:
    for bridge in listing.bridges:
        if bridge.bridge_id.startswith(BRIDGE_PREFIX):
            leftover = _talk_of(state, bridge) is None
        elif bridge.bridge_id.startswith(EAR_PREFIX):
            leftover = _listener(state, bridge) is None
        else:
            leftover = not _is_aside(state, bridge)
        if leftover and not bridge.legs & spared:
            yield DropBridge(bridge_id=bridge.bridge_id, node=listing.node)


def _listener(state: State, bridge: ListedBridge) -> Monitor | None:
    """The supervisor who hears a talk there."""
    monitor = state.monitors.get(LegId(bridge.bridge_id.removeprefix(EAR_PREFIX)))
    return monitor if monitor is not None and monitor.state in HEARING else None


def _monitors_astray(
    state: State, listing: Listing, listed: dict[LegId, ListedLeg], together: dict[BridgeId, frozenset[LegId]]
) -> Iterable[SwitchCommand]:
    """Supervisors who do not hear the talk that they are at."""
    for monitor in state.monitors.values():
        if monitor.state not in HEARING or monitor.node != listing.node:
            continue
        present = together.get(ear_of(monitor.leg_id), frozenset())
        if not {monitor.leg_id, monitor.spied} <= listed.keys() or {monitor.leg_id, monitor.snoop} <= present:
            continue
        if monitor.snoop is None or monitor.snoop not in listed:
            yield overhearing(monitor)
            continue
        yield JoinParty(
            contact_id=monitor.contact_id,
            bridge_id=ear_of(monitor.leg_id),
            node=listing.node,
            legs=(monitor.leg_id, monitor.snoop),
        )


def _is_aside(state: State, bridge: ListedBridge) -> bool:
    """Whether an agent talks to somebody there, while his customer waits."""
    contact = state.contacts.get(ContactId(bridge.bridge_id.removeprefix(SIDE_PREFIX)))
    return contact is not None and any(state.parties[leg].state is PartyState.ASIDE for leg in contact.parties)


def _parties_astray(
    state: State, listing: Listing, listed: dict[LegId, ListedLeg], together: dict[BridgeId, frozenset[LegId]]
) -> Iterable[SwitchCommand]:
    """Who was asked into a talk and is not where he is to be: with the customer, or aside with the agent."""
    for party in state.parties.values():
        contact = state.contacts[party.contact_id]
        owner = state.assignments.get(contact.assignment_id) if contact.assignment_id is not None else None
        if party.state in IN_TALK:
            bridge_id, other = BridgeId(BRIDGE_PREFIX + contact.id), contact.leg_id
        elif party.state is PartyState.ASIDE and owner is not None:
            bridge_id, other = BridgeId(SIDE_PREFIX + contact.id), owner.leg_id
        else:
            continue
        if other is None or party.node != listing.node or not {party.leg_id, other} <= listed.keys():
            continue
        if not {party.leg_id, other} <= together.get(bridge_id, frozenset()):
            yield JoinParty(contact_id=contact.id, bridge_id=bridge_id, node=listing.node, legs=(other, party.leg_id))


def _misplaced(state: State, listing: Listing, listed: dict[LegId, ListedLeg]) -> Iterable[SwitchCommand]:
    """Legs that live but are not where the talk has them."""
    together = {bridge.bridge_id: bridge.legs for bridge in listing.bridges}
    yield from _parties_astray(state, listing, listed, together)
    yield from _monitors_astray(state, listing, listed, together)
    for assignment in state.assignments.values():
        if assignment.handed_over:
            continue
        contact = state.contacts[assignment.contact_id]
        if contact.leg_id is None or contact.node != listing.node or contact.leg_id not in listed:
            continue
        bridge_id = BridgeId(BRIDGE_PREFIX + contact.id)
        present = together.get(bridge_id, frozenset())
        agent_leg = assignment.leg_id
        alone = not any(state.parties[leg].state in IN_TALK for leg in contact.parties)
        if (
            alone
            and assignment.state in _OUT_OF_TALK
            and agent_leg is not None
            and {contact.leg_id, agent_leg} <= present
        ):
            yield HoldLeg(leg_id=contact.leg_id, bridge_id=bridge_id, node=listing.node, queue_id=contact.queue_id)
        if assignment.state is not AssignmentState.ACTIVE or agent_leg is None or agent_leg not in listed:
            continue
        if _dialled_for(state, contact) is not None:
            continue
        if not {contact.leg_id, agent_leg} <= present:
            yield JoinLegs(
                contact_id=contact.id,
                assignment_id=assignment.id,
                bridge_id=bridge_id,
                node=listing.node,
                caller_leg=contact.leg_id,
                agent_leg=agent_leg,
            )


def _astray(state: State, listing: Listing) -> Iterable[SwitchCommand]:
    """Lines that are still in the bridge of a talk that is over, and callees to whom nobody listens."""
    bridges = {leg_id: bridge.bridge_id for bridge in listing.bridges for leg_id in bridge.legs}
    for leg in listing.legs:
        if leg.leg_id in state.line_by_leg and leg.leg_id in bridges and _served(state, leg) is None:
            yield QuietLine(leg_id=leg.leg_id, node=listing.node, bridge_id=bridges[leg.leg_id])
        dial = _dial_of(state, leg.leg_id)
        if dial is not None and dial.answered_ms is not None and leg.answered and leg.machine is None:
            yield DetectMachine(dial_id=dial.id, leg_id=leg.leg_id, node=listing.node)
