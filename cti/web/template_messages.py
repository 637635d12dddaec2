"""The records of the page for templates: drafts, findings, differences, how an apply went, and the history."""

from pydantic import Field

from cti.ports.templates import Restart, Severity, Stage
from cti.web.record import NO_NUL, Message


class DraftView(Message):
    """A text that may be edited."""

    name: str
    text: str
    own: bool
    changed: bool


class TemplatesView(Message):
    """Everything that may be edited, the centre file first."""

    drafts: list[DraftView]


class DraftChange(Message):
    """A text written anew; `base` is what the editor began with."""

    text: str = Field(max_length=2_000_000, pattern=NO_NUL)
    base: str = Field(max_length=2_000_000, pattern=NO_NUL)


class FlawView(Message):
    """A finding, in the reader's language."""

    rule: str
    severity: Severity
    file: str
    line: int
    where: str
    problem: str
    why: str
    mend: str


class CheckView(Message):
    """What there is to say of the drafts; `ok`: they may come into force."""

    ok: bool
    flaws: list[FlawView]


class LaterView(Message):
    """A change that counts only after a restart."""

    needs: Restart
    name: str


class DifferenceView(Message):
    """A unified diff of one file."""

    name: str
    text: str


class PendingView(Message):
    """What the drafts would change."""

    in_force: int
    differences: list[DifferenceView]
    later: list[LaterView]


class Apply(Message):
    """Bring the drafts into force. `later`: what needs a restart may wait for it; without, such drafts are refused."""

    reason: str = Field(default="", max_length=500, pattern=NO_NUL)
    later: bool = False


class Rollback(Message):
    """Bring an earlier version into force."""

    version: int = Field(ge=1, le=2**31)
    reason: str = Field(default="", max_length=500, pattern=NO_NUL)


class ApplyByCommand(Apply):
    """By the command line of this machine; `author` is who typed it."""

    author: str = Field(max_length=80, pattern=NO_NUL)


class RollbackByCommand(Rollback):
    """By the command line of this machine."""

    author: str = Field(max_length=80, pattern=NO_NUL)


class StageView(Message):
    """A step that is done."""

    stage: Stage
    at_ms: int
    words: str


class ProgressView(Message):
    """The apply or rollback under way, or the last one."""

    running: bool
    stages: list[StageView]


class OutcomeView(Message):
    """How an apply or a rollback ended."""

    kept: bool
    version: int
    stages: list[StageView]
    reason: str
    code: str
    """`mistakes`, `unchanged`, `restart`, `misfit` or `failed`; "" when it was kept."""
    flaws: list[FlawView]
    later: list[LaterView]


class EntryView(Message):
    """A line of the history."""

    number: int
    at_ms: int
    action: str
    version: int
    author: str
    reason: str
    words: str
    kept: bool
    in_force: bool


class VersionView(Message):
    """What a version was made of."""

    version: int
    texts: dict[str, str]
