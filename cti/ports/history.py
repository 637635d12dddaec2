"""Contacts that were, and those that still are. Implemented by `cti.store`; the web asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cti.domain.ids import AgentId, AssignmentId, ContactId, Medium, Milliseconds, ProjectId, QueueId


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

    def keep_note(self, assignment_id: AssignmentId, contact_id: ContactId, agent_id: AgentId, note: str) -> None:
        """Take the agent's note into the next write; returns at once. Twice replaces."""
