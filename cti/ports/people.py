"""Who signs in and who handles contacts, and the projects' codes. Implemented by `cti.store`; the web asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, Milliseconds, ProjectId, SiteId
from cti.errors import RuleError
from cti.ports.switch import Phone


class Role(StrEnum):
    """What a person may do; each includes the ones before."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the desktop. `agent_id` is `u<row>` for everyone; only those with an extension get contacts."""

    agent_id: AgentId
    login: str
    name: str
    role: Role
    project_ids: tuple[ProjectId, ...]
    extension: str | None
    language: str
    skills: tuple[SkillLevel, ...]
    active: bool
    site_id: SiteId | None = None
    """Where he sits; None: he counts for no site."""
    capacity: str | None = None
    """Key of his capacity profile; None: the centre's default."""
    sessions_from_ms: Milliseconds = 0
    """His sessions begun before (Unix ms) count no more; the directory sets it, `change` does not."""


class TooManyTries(RuleError):
    """Wrong passwords (or PINs) came too fast; nothing was checked."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("Too many wrong tries.")
        self.retry_after_s = retry_after_s


class CodeKind(StrEnum):
    """What a project's code says."""

    DISPOSITION = "disposition"
    REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A project's own disposition, or a reason not to be ready. Retired ones stay for the history's sake."""

    project_id: ProjectId
    kind: CodeKind
    id: str
    title_en: str
    title_ru: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the audit: who changed what."""

    at_ms: Milliseconds
    actor: str
    """His login; `system` for what no person did."""
    action: str
    subject: str
    detail: str


class People(Protocol):
    """The directory: who may sign in, who handles contacts, and the projects' codes. Every call raises DatabaseDown."""

    async def everyone(self) -> Sequence[Person]:
        """All persons, also those not active, by name."""

    async def codes(self) -> Sequence[Code]:
        """The codes of all projects, retired ones too, in the order they are shown."""

    async def phones(self) -> Sequence[Phone]:
        """The line of everyone with an extension."""

    async def sign_in(self, login: str, password: str, *, source: str) -> Person | None:
        """The active person with this login and password, else None; takes as long for an unknown login.

        `source` is the caller's address: after five failures of (login, source) raises TooManyTries.
        """

    async def redeem(self, token: str) -> Person | None:
        """The person whom this one-time link lets in, else None; a link works once."""

    async def set_password(self, agent_id: AgentId, password: str, *, actor: str) -> None:
        """Replace his password and end his sessions. Raises NotFound; RuleError when it is too short."""

    async def end_sessions(self, agent_id: AgentId, *, actor: str) -> None:
        """End every session of his that has begun. Raises NotFound."""

    async def end_session(self, session_id: str, *, until_ms: Milliseconds) -> None:
        """End this one; it is remembered until then, when it would have ended anyway. Twice is once."""

    async def ended_sessions(self) -> frozenset[str]:
        """The sessions ended one by one that are still remembered."""

    async def add(self, person: Person, password: str, *, actor: str) -> Person:
        """Enter a person; `person.agent_id` is "" and comes back filled.

        Raises RuleError when the login or extension is taken.
        """

    async def change(self, person: Person, *, actor: str) -> Person:
        """Write the person as given, found by `agent_id`; who is not active has no sessions.

        Raises NotFound, RuleError as `add`.
        """

    async def put_code(self, code: Code, *, actor: str) -> None:
        """Enter the code, or replace the one with its project, kind and id. Raises NotFound for an unknown project."""

    async def audit(self, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Deed]:
        """The newest deeds before that instant, newest first."""

    async def note_deed(self, *, actor: str, action: str, subject: str, detail: str = "") -> None:
        """Enter a deed that changed nothing in the directory itself."""


class Enrolment(Protocol):
    """How a change of the directory reaches the engine and the switch."""

    async def changed(self, person: Person) -> None:
        """Enrol or remove him as an agent by what the record says now, and provision his phones. Twice is once."""
