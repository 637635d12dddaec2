"""A state for those who only read what was decided: it folds facts as any other, but keeps no index of who gets what.

Folding is several times quicker so. It can decide nothing: `Acd` must never be given one. Used by `why` and
`auditor`, which judge by `policy` alone.
"""

from cti.domain.agent import Agent
from cti.domain.contact import Contact
from cti.domain.ids import NodeId
from cti.domain.queue import Queue
from cti.domain.routing import Index
from cti.domain.state import State


class _NoIndex(Index):
    """Takes no notice of anything."""

    def contact_changed(self, old: Contact | None, new: Contact | None) -> None:
        """Nothing."""

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Nothing."""

    def queue_changed(self, old: Queue | None, new: Queue | None) -> None:
        """Nothing."""

    def node_changed(self, node_id: NodeId) -> None:
        """Nothing."""


def unindexed(state: State | None = None) -> State:
    """The state (None: an empty one), its index given up for good."""
    found = state if state is not None else State()
    found.index = _NoIndex(contacts=found.contacts, agents=found.agents, queues=found.queues, nodes=found.nodes)
    return found
