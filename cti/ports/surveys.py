"""What callers answered after their talks. Implemented by `cti.store`; the web asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cti.domain.ids import AgentId, ContactId, Milliseconds, ProjectId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer."""

    question: str
    """Its key in the centre file."""
    value: int
    """The key that was pressed, 1–9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One caller who was asked, with one of his answers."""

    contact_id: ContactId
    queue_id: QueueId
    agent_id: AgentId
    """"" when nobody knows."""
    at_ms: Milliseconds
    given: Given | None
    """None: he answered nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one question, for one queue, agent or day."""

    key: str
    question: str
    """"" when nobody of them answered anything."""
    asked: int
    """Callers who were asked anything."""
    count: int
    mean: float | None


class Surveys(Protocol):
    """Answers of callers. Every call raises DatabaseDown."""

    async def of_contact(self, contact_id: ContactId) -> Sequence[Given]:
        """What this contact's caller answered, in the order in which he was asked."""

    async def asked(
        self, project_ids: Sequence[ProjectId], *, since_ms: Milliseconds, until_ms: Milliseconds
    ) -> Sequence[Asked]:
        """Everybody whom these projects asked within the span, once for each answer, newest first."""
