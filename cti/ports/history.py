"""Contacts that were, and those that still are. Implemented by `cti.store`; the web asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cti.domain.ids import (
    AgentId,
    AssignmentId,
    ContactId,
    LegCause,
    Medium,
    Milliseconds,
    ProjectId,
    QueueId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One contact as the history tells it; spans are None until known."""

    contact_id: ContactId
    medium: Medium
    project_id: ProjectId
    queue_id: QueueId
    arrived_ms: Milliseconds
    answered_ms: Milliseconds | None
    ended_ms: Milliseconds | None
    closed_ms: Milliseconds | None
    wait_ms: Milliseconds | None
    talk_ms: Milliseconds | None
    hold_ms: Milliseconds | None
    wrap_up_ms: Milliseconds | None
    agent_id: AgentId | None
    """The last who had it."""
    customer: str | None
    address: str
    disposition: str | None
    note: str
    outbound: bool = False
    """An agent asked for the call."""
    missed: LegCause | None = None
    """Why its customer was not reached."""
    dialled_ms: Milliseconds | None = None
    """When its customer was dialled; it was asked for at `arrived_ms`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsMade:
    """What came of the calls that agents asked for, within a span."""

    asked: int
    dialled: int
    """The agent answered his phone, so that the customer was dialled."""
    reached: int
    to_dial_ms: Milliseconds
    """From the click until the customer was dialled, all of them together."""
    to_dial_p50_ms: Milliseconds | None
    saved_ms: Milliseconds
    """Against `BY_HAND_MS` each."""


BY_HAND_MS: Final[Milliseconds] = 120_000
"""What dialling by hand takes up to, by the documents that this centre was made for: look up, dial, dial again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How contacts of one queue were served that came within some span; those that agents asked for are left out."""

    queue_id: QueueId
    counted: int
    """Answered, or not answered within the queue's service level; who left sooner does not count."""
    in_time: int
    """Answered within the service level."""
    abandoned: int


class History(Protocol):
    """Contacts that were, and those that still are; a projection of the journal, at most a second behind it."""

    async def of_agent(self, agent_id: AgentId, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Told]:
        """Contacts he took up, by arrival before that instant, newest first. Raises DatabaseDown."""

    async def of_projects(
        self, project_ids: Sequence[ProjectId], *, limit: int, before_ms: Milliseconds | None
    ) -> Sequence[Told]:
        """Contacts of these projects, live ones included, by arrival before that instant, newest first.

        Raises DatabaseDown.
        """

    async def contact(self, contact_id: ContactId) -> Told | None:
        """One contact; None when there is none. Raises DatabaseDown."""

    async def took(self, agent_id: AgentId, contact_id: ContactId) -> bool:
        """Whether he ever took this contact up. Raises DatabaseDown."""

    async def calls_made(
        self, project_ids: Sequence[ProjectId], *, since_ms: Milliseconds, until_ms: Milliseconds
    ) -> CallsMade:
        """The calls that agents of these projects asked for from the one instant up to the other.

        Raises DatabaseDown.
        """

    async def served(
        self,
        project_ids: Sequence[ProjectId],
        targets_ms: Mapping[QueueId, Milliseconds],
        *,
        since_ms: Milliseconds,
        now_ms: Milliseconds,
    ) -> Sequence[Served]:
        """What came to these queues from that instant on, by their service levels; those without any are left out.

        Raises DatabaseDown.
        """

    def keep_note(self, assignment_id: AssignmentId, contact_id: ContactId, agent_id: AgentId, note: str) -> None:
        """Take the agent's note into the next write; returns at once. Twice replaces."""
