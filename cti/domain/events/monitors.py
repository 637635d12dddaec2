"""A supervisor at somebody else's talk."""

from msgspec import Struct

from cti.domain.ids import AgentId, ContactId, MonitorMode


class MonitorRequested(Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor wants to hear a talk, to be heard in it, or to have it; at it already, he changes how."""

    contact_id: ContactId
    agent_id: AgentId
    """The supervisor."""
    mode: MonitorMode


class MonitorLeft(Struct, frozen=True, kw_only=True, gc=False):
    """He is done with the talk that he listens to, or came into; at none, it is nothing."""

    agent_id: AgentId
