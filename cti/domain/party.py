"""Somebody whom an agent asks into his talk. The record, and what can be said of it alone; the rules: `transfers`."""

from msgspec import Struct

from cti.domain.ids import AgentId, AssignmentId, ContactId, Device, LegId, Milliseconds, NodeId
from cti.domain.states import PartyState


class Party(Struct, frozen=True, kw_only=True, gc=False):
    """He is rung, or takes part; once he does no more, he has left the state."""

    leg_id: LegId
    contact_id: ContactId
    node: NodeId
    agent_id: AgentId | None
    """None: an outside number, which the tables have under the leg's id."""
    device: Device | None
    """Which phone of the agent's."""
    by: AssignmentId
    """Of the agent who asked him."""
    state: PartyState
    invited_ms: Milliseconds
    since_ms: Milliseconds
    """How long he has been in that state."""
    until_ms: Milliseconds | None
    """How long he is rung."""
    answered_ms: Milliseconds | None = None
    uninvited: bool = False
    """A supervisor who came in of his own accord: the agent does not part from him."""


RINGING = (PartyState.RINGING, PartyState.CALLED)
"""He has not picked up."""
IN_TALK = (PartyState.TOGETHER, PartyState.LEADING)
"""The customer hears him."""
