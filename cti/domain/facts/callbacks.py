"""Customers who are called back: promised, rung, reached, missed."""

from msgspec import Struct

from cti.domain.ids import AssignmentId, ContactId, LegCause, LegId, Milliseconds, NodeId


class CallbackOffered(Struct, frozen=True, kw_only=True, gc=False):
    """The caller has been told the key by which he is called back instead of waiting."""

    contact_id: ContactId
    at_ms: Milliseconds


class CallbackAccepted(Struct, frozen=True, kw_only=True, gc=False):
    """The call became a callback: the same contact, the same place, no leg."""

    contact_id: ContactId
    at_ms: Milliseconds


class CustomerRung(Struct, frozen=True, kw_only=True, gc=False):
    """The customer of a callback is being dialled with this leg."""

    assignment_id: AssignmentId
    leg_id: LegId
    node: NodeId
    at_ms: Milliseconds
    until_ms: Milliseconds


class CustomerReached(Struct, frozen=True, kw_only=True, gc=False):
    """The customer who was dialled has answered."""

    assignment_id: AssignmentId
    at_ms: Milliseconds


class CustomerMissed(Struct, frozen=True, kw_only=True, gc=False):
    """The customer whom an agent called was not reached."""

    assignment_id: AssignmentId
    cause: LegCause
    at_ms: Milliseconds


class CallbackPostponed(Struct, frozen=True, kw_only=True, gc=False):
    """Nobody was reached: the contact waits again, and is offered to nobody before that instant."""

    contact_id: ContactId
    attempts: int
    until_ms: Milliseconds
    at_ms: Milliseconds
