"""What the facts of `cti.domain.facts.engine` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.facts import ClockShifted, Fact, NodeLost, NodeReturned
from cti.domain.folds.instants import shifted
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
        state.put_contact(shifted(contact, by_ms))
    for assignment in list(state.assignments.values()):
        state.put_assignment(shifted(assignment, by_ms))
    for party in list(state.parties.values()):
        state.set_party(party.leg_id, shifted(party, by_ms))
    for monitor in list(state.monitors.values()):
        state.set_monitor(monitor.leg_id, shifted(monitor, by_ms))
    for agent in list(state.agents.values()):
        state.put_agent(shifted(agent, by_ms))
    for node in list(state.nodes.values()):
        state.set_node(node.id, shifted(node, by_ms))
    for campaign in list(state.campaigns.values()):
        state.put_campaign(shifted(campaign, by_ms))
    for dial in list(state.dials.values()):
        state.set_dial(dial.id, shifted(dial, by_ms))
    for key, pace in list(state.paces.items()):
        state.set_pace(key, shifted(pace, by_ms))


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    NodeLost: _node_lost,
    NodeReturned: _node_returned,
    ClockShifted: _clock_shifted,
}
