"""The records of the page that explains: why a contact went to whom it did, in the reader's language."""

from cti.domain.ids import Medium
from cti.web.record import Message


class TermView(Message):
    """One term of a score."""

    key: str
    """`seniority`, `priority`, `tier` or `urgency`."""
    title: str
    ms: int
    """What it is worth in waiting time."""


class CandidateView(Message):
    """An agent as he stood for the contact at that moment."""

    agent_id: str
    name: str
    chosen: bool
    preferred: bool
    obstacle: str | None
    """What kept him from it; None: he could have had it."""
    obstacle_title: str
    ring: int | None
    fit: int | None
    """None: he does not meet what is asked."""
    load_percent: int
    idle_ms: int | None
    """None: he could not have had it."""


class OfferView(Message):
    """One offer of the contact, explained."""

    number: int
    """The event's, as `cti why --at` takes it."""
    at_ms: int
    agent: str
    waited_ms: int
    answered: bool
    outcome: str | None
    """How it came to nothing; None: it was taken up, or is open."""
    sentences: list[str]
    changes: list[str]
    """What would have given it to somebody else."""
    terms: list[TermView]
    score_ms: int
    strict: bool
    candidates: list[CandidateView]
    """The one to choose first, then those who could not have it; empty when nobody was weighed: he asked for it, or was
    kept free for its campaign."""
    members: int
    """How many agents the project has; more than `candidates` when it has many."""


class WhyStory(Message):
    """Everything that was decided on one contact, and why."""

    contact_id: str
    title: str
    medium: Medium
    arrived_ms: int
    offers: list[OfferView]
    passed_by: str
    """How often it was passed; "" for never."""
    missed: list[str]
    """The offers that it missed by the least."""
    waits: list[str]
    """Why it waits still; empty when it does not."""
