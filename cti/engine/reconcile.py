"""Comparing what the ACD believes with what the switch lists; pure.

Theory of operation. Events get lost: while the engine is dead, while a socket is down, when a BYE never comes. So after
each connect and once a minute the node is asked for everything alive, and the difference becomes events:

- a leg that the ACD holds and the list lacks is *suspected*; the second list in a row that lacks it ends it (`LOST`).
  A leg outside our application but alive on the node (in the dialplan, in the fallback queue) is neither;
- a caller's leg that the list has and the ACD does not know is a new contact, unless its contact was closed already:
  then the hang-up was decided and never sent, and is sent now;
- an agent's leg that serves no live assignment is hung up; one that was answered unheard becomes `LegAnswered`;
- a talk whose two legs live but do not share its bridge is joined again; a bridge without a talk goes.

"Could not ask" never gets here: listing raises instead. Called by the engine, which posts the events and sends the
commands; both may be repeated without harm.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from cti.domain.assignment import Assignment
from cti.domain.commands import DropBridge, EndLeg, JoinLegs, SwitchCommand
from cti.domain.events import Event, LegAnswered, LegEnded, RingFailed
from cti.domain.ids import BridgeId, ContactId, LegCause, LegId, NodeId
from cti.domain.state import State
from cti.domain.states import AssignmentState, ContactState
from cti.ports import CallerEntered, ListedLeg, Listing
from cti.variables import BRIDGE_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the comparison asks for, to be carried out in this order."""

    events: tuple[Event, ...]
    callers: tuple[CallerEntered, ...]
    """Legs that wait in our application and belong to no contact yet."""
    commands: tuple[SwitchCommand, ...]
    suspected: frozenset[LegId]
    """Legs missing for the first time; to be given to the next comparison."""


def compare(
    state: State, listing: Listing, *, suspected: Set[LegId] = frozenset(), ended: Set[LegId] = frozenset()
) -> Difference:
    """`suspected` comes from the comparison before; `ended` holds callers' legs of contacts closed not long ago."""
    listed = {leg.leg_id: leg for leg in listing.legs}
    missing = frozenset(
        leg_id
        for leg_id in _held_legs(state, listing.node)
        if leg_id not in listed and leg_id not in listing.other_channels
    )
    gone = sorted(missing & suspected)
    events: list[Event] = [_ending(state, leg_id) for leg_id in gone]
    events += _answered_unheard(state, listing)
    return Difference(
        events=tuple(events),
        callers=tuple(_unknown_callers(state, listing, ended)),
        commands=(
            *_leftover_legs(state, listing, ended),
            *_leftover_bridges(state, listing),
            *_unjoined(state, listing, listed),
        ),
        suspected=missing - suspected,
    )


def _held_legs(state: State, node: NodeId) -> Iterable[LegId]:
    """Legs that should be alive: those of wrap-up have been told to end."""
    for leg_id, contact_id in state.contact_by_leg.items():
        contact = state.contacts[contact_id]
        if contact.node == node and contact.state is not ContactState.WRAP_UP:
            yield leg_id
    for leg_id, assignment_id in state.assignment_by_leg.items():
        assignment = state.assignments[assignment_id]
        if state.contacts[assignment.contact_id].node == node and assignment.state is not AssignmentState.WRAP_UP:
            yield leg_id


def _ending(state: State, leg_id: LegId) -> Event:
    assignment_id = state.assignment_by_leg.get(leg_id)
    if assignment_id is not None and state.assignments[assignment_id].state is AssignmentState.OFFERED:
        return RingFailed(assignment_id=assignment_id, leg_id=leg_id, cause=LegCause.LOST)
    return LegEnded(leg_id=leg_id, cause=LegCause.LOST)


def _answered_unheard(state: State, listing: Listing) -> Iterable[Event]:
    for leg in listing.legs:
        assignment = _served(state, leg)
        if assignment is None or not leg.answered:
            continue
        if assignment.state in (AssignmentState.OFFERED, AssignmentState.REJOINING):
            yield LegAnswered(assignment_id=assignment.id, leg_id=leg.leg_id)


def _served(state: State, leg: ListedLeg) -> Assignment | None:
    """The assignment that this very agent's leg serves, wrap-up not included."""
    assignment_id = state.assignment_by_leg.get(leg.leg_id)
    if assignment_id is None:
        return None
    assignment = state.assignments[assignment_id]
    return None if assignment.state is AssignmentState.WRAP_UP else assignment


def _unknown_callers(state: State, listing: Listing, ended: Set[LegId]) -> Iterable[CallerEntered]:
    for leg in listing.legs:
        if leg.caller is not None and leg.leg_id not in state.contact_by_leg and leg.leg_id not in ended:
            yield leg.caller


def _leftover_legs(state: State, listing: Listing, ended: Set[LegId]) -> Iterable[SwitchCommand]:
    for leg in listing.legs:
        if leg.caller is not None:
            leftover = _is_over(state, leg.leg_id, ended)
        else:
            leftover = leg.assignment_id is not None and _served(state, leg) is None
        if leftover:
            yield EndLeg(leg_id=leg.leg_id, node=listing.node)


def _is_over(state: State, leg_id: LegId, ended: Set[LegId]) -> bool:
    contact_id = state.contact_by_leg.get(leg_id)
    if contact_id is None:
        return leg_id in ended
    return state.contacts[contact_id].state is ContactState.WRAP_UP


def _leftover_bridges(state: State, listing: Listing) -> Iterable[SwitchCommand]:
    for bridge in listing.bridges:
        if not bridge.bridge_id.startswith(BRIDGE_PREFIX):
            continue
        contact = state.contacts.get(ContactId(bridge.bridge_id.removeprefix(BRIDGE_PREFIX)))
        if contact is None or contact.state is not ContactState.ACTIVE:
            yield DropBridge(bridge_id=bridge.bridge_id, node=listing.node)


def _unjoined(state: State, listing: Listing, listed: dict[LegId, ListedLeg]) -> Iterable[SwitchCommand]:
    together = {bridge.bridge_id: bridge.legs for bridge in listing.bridges}
    for agent_leg, assignment_id in state.assignment_by_leg.items():
        assignment = state.assignments[assignment_id]
        contact = state.contacts[assignment.contact_id]
        if assignment.state is not AssignmentState.ACTIVE or contact.node != listing.node or contact.leg_id is None:
            continue
        bridge_id = BridgeId(BRIDGE_PREFIX + contact.id)
        legs = {contact.leg_id, agent_leg}
        if legs <= listed.keys() and not legs <= together.get(bridge_id, frozenset()):
            yield JoinLegs(
                contact_id=contact.id,
                assignment_id=assignment_id,
                bridge_id=bridge_id,
                node=listing.node,
                caller_leg=contact.leg_id,
                agent_leg=agent_leg,
            )
