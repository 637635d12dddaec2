"""What the facts of `cti.domain.facts.engine` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.facts import ClockShifted, Fact, NodeLost, NodeReturned
from cti.domain.folds.campaigns import shift
from cti.domain.ids import Milliseconds
from cti.domain.node import Node

if TYPE_CHECKING:
    from cti.domain.state import State


def _node_lost(state: "State", fact: NodeLost) -> None:
    state.set_node(fact.node, replace(state.nodes.get(fact.node) or Node(id=fact.node, lost=True), lost=True))


def _node_returned(state: "State", fact: NodeReturned) -> None:
    node = Node(id=fact.node, lost=False, returned_ms=fact.at_ms, settled_ms=fact.settled_ms)
    state.set_node(fact.node, node)
    if state.node is None:
        state.set_newest_node(fact.node)


def _clock_shifted(state: "State", fact: ClockShifted) -> None:
    by_ms = fact.by_ms
    for contact in list(state.contacts.values()):
        state.put_contact(
            replace(
                contact,
                arrived_ms=contact.arrived_ms + by_ms,
                queued_ms=contact.queued_ms + by_ms,
                next_step_ms=_shifted(contact.next_step_ms, by_ms),
                held_until_ms=_shifted(contact.held_until_ms, by_ms),
                urgent_ms=_shifted(contact.urgent_ms, by_ms),
                asleep_until_ms=_shifted(contact.asleep_until_ms, by_ms),
                parked_ms=_shifted(contact.parked_ms, by_ms),
                parked_until_ms=_shifted(contact.parked_until_ms, by_ms),
            )
        )
    for assignment in list(state.assignments.values()):
        state.put_assignment(
            replace(
                assignment,
                offered_ms=assignment.offered_ms + by_ms,
                lease_until_ms=assignment.lease_until_ms + by_ms,
                pop_until_ms=_shifted(assignment.pop_until_ms, by_ms),
                pop_shown_ms=_shifted(assignment.pop_shown_ms, by_ms),
                rung_ms=_shifted(assignment.rung_ms, by_ms),
                answered_ms=_shifted(assignment.answered_ms, by_ms),
                ring_until_ms=_shifted(assignment.ring_until_ms, by_ms),
                started_ms=_shifted(assignment.started_ms, by_ms),
                held_ms=_shifted(assignment.held_ms, by_ms),
                rejoin_until_ms=_shifted(assignment.rejoin_until_ms, by_ms),
                wrap_up_ms=_shifted(assignment.wrap_up_ms, by_ms),
                wrap_up_until_ms=_shifted(assignment.wrap_up_until_ms, by_ms),
            )
        )
    for party in list(state.parties.values()):
        state.set_party(
            party.leg_id,
            replace(
                party,
                invited_ms=party.invited_ms + by_ms,
                since_ms=party.since_ms + by_ms,
                until_ms=_shifted(party.until_ms, by_ms),
                answered_ms=_shifted(party.answered_ms, by_ms),
            ),
        )
    for monitor in list(state.monitors.values()):
        state.set_monitor(
            monitor.leg_id,
            replace(
                monitor,
                asked_ms=monitor.asked_ms + by_ms,
                since_ms=monitor.since_ms + by_ms,
                until_ms=_shifted(monitor.until_ms, by_ms),
            ),
        )
    for agent in list(state.agents.values()):
        state.put_agent(
            replace(
                agent,
                since_ms=agent.since_ms + by_ms,
                idle_since_ms=agent.idle_since_ms + by_ms,
                grace_until_ms=_shifted(agent.grace_until_ms, by_ms),
                desk_until_ms=_shifted(agent.desk_until_ms, by_ms),
                skipped_until_ms=_shifted(agent.skipped_until_ms, by_ms),
                line_until_ms=_shifted(agent.line_until_ms, by_ms),
            )
        )
    for node in list(state.nodes.values()):
        state.set_node(
            node.id,
            replace(
                node,
                returned_ms=_shifted(node.returned_ms, by_ms),
                settled_ms=_shifted(node.settled_ms, by_ms),
            ),
        )
    shift(state, by_ms)
    for key, pace in list(state.paces.items()):
        state.set_pace(key, replace(pace, last_ms=_shifted(pace.last_ms, by_ms)))


def _shifted(instant: Milliseconds | None, by_ms: Milliseconds) -> Milliseconds | None:
    return None if instant is None else instant + by_ms


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    NodeLost: _node_lost,
    NodeReturned: _node_returned,
    ClockShifted: _clock_shifted,
}
