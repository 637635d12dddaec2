"""An assignment: one contact offered to one agent. The record, and what can be said of it alone; the rules stand in
`offers` and `talks`.
"""

from msgspec import Struct

from cti.domain.contact import Contact
from cti.domain.ids import AgentId, AssignmentId, ContactId, Device, LegCause, LegId, Medium, Milliseconds
from cti.domain.states import AssignmentState


class Assignment(Struct, frozen=True, kw_only=True, gc=False):
    """A live assignment; one that came to its end has left the state."""

    id: AssignmentId
    contact_id: ContactId
    agent_id: AgentId
    medium: Medium
    state: AssignmentState
    offered_ms: Milliseconds
    lease_until_ms: Milliseconds
    """An offer cannot outlive this; later than any ring of it."""
    pop_until_ms: Milliseconds | None = None
    """The first ring waits for the pop until then; None: it does not wait (any more)."""
    pop_shown_ms: Milliseconds | None = None
    leg_id: LegId | None = None
    """The agent's leg, ringing or answered; None before the first ring, and while a lost leg has no successor."""
    device: Device | None = None
    """Which phone that leg rings or rang last."""
    rings: int = 0
    """How many legs have been rung, or taken from his line; part of the id of each that is rung."""
    rings_before: int = 0
    """How many of those came before the last leg that served for a while."""
    rung_ms: Milliseconds | None = None
    """When the newest leg was rung."""
    answered_ms: Milliseconds | None = None
    """When the newest leg that was answered was."""
    ring_until_ms: Milliseconds | None = None
    started_ms: Milliseconds | None = None
    """When the agent took it up first."""
    held_ms: Milliseconds | None = None
    """Since when the customer hears music, or the work is interrupted."""
    rejoin_until_ms: Milliseconds | None = None
    preview: bool = False
    """A lead to be looked at: the phone rings when the agent says so."""
    missed: LegCause | None = None
    """Why the customer whom we called was not reached."""
    handed_over: Contact | None = None
    """In wrap-up, and its contact, which was like this then, is with somebody else by now, waits, or is over."""
    wrap_up_ms: Milliseconds | None = None
    wrap_up_until_ms: Milliseconds | None = None


def awaits_word(assignment: Assignment) -> bool:
    """Whether the agent looks at a lead, and has not said to call it."""
    return assignment.preview and assignment.rings == 0 and assignment.state is AssignmentState.OFFERED


def is_desk_work(assignment: Assignment) -> bool:
    """Whether the agent works on a contact without legs: nothing but his desktop shows that he is still at it."""
    return (
        assignment.state in (AssignmentState.ACTIVE, AssignmentState.PAUSED)
        and assignment.medium is not Medium.VOICE
        and assignment.medium is not Medium.CALLBACK
    )
