"""What an agent does with an offer or a talk of his own."""

from msgspec import Struct

from cti.domain.ids import AssignmentId, DispositionId


class PopShown(Struct, frozen=True, kw_only=True, gc=False):
    """The page has drawn the card."""

    assignment_id: AssignmentId


class OfferAccepted(Struct, frozen=True, kw_only=True, gc=False):
    """He takes a virtual call (voice is accepted by LegAnswered). Twice is once."""

    assignment_id: AssignmentId


class OfferRejected(Struct, frozen=True, kw_only=True, gc=False):
    """He refuses; not ready, and the contact keeps its place."""

    assignment_id: AssignmentId


class HoldRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The customer is to hear music."""

    assignment_id: AssignmentId


class ResumeRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The held customer is to be joined again."""

    assignment_id: AssignmentId


class RejoinRequested(Struct, frozen=True, kw_only=True, gc=False):
    """His page shows a talk whose sound it does not have (it crashed, say): he wants to be rung for it."""

    assignment_id: AssignmentId


class HangUpRequested(Struct, frozen=True, kw_only=True, gc=False):
    """The agent ends the talk, or finishes a virtual call: on to wrap-up."""

    assignment_id: AssignmentId


class WrapUpFinished(Struct, frozen=True, kw_only=True, gc=False):
    """After-contact work is done and coded; the note stands in the database."""

    assignment_id: AssignmentId
    disposition: DispositionId
