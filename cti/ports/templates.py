"""The life of the configuration: drafts, findings, differences, versions, and how one comes into force.

Implemented by `cti.dialplan`; the web and the command line ask for it. What a switch is asked for on the way is
`DialplanHost`, implemented by `cti.asterisk`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from cti.domain.ids import Milliseconds
from cti.errors import RuleError


class Severity(StrEnum):
    """Whether a finding keeps a version from coming into force."""

    ERROR = "error"
    WARNING = "warning"


class Flaw(Struct, frozen=True, kw_only=True):
    """One finding, in the reader's language."""

    rule: str
    severity: Severity
    file: str
    """The template, or `centre.yaml`."""
    line: int
    where: str
    """The context and extension, or the key."""
    problem: str
    why: str
    mend: str


class Checked(Struct, frozen=True, kw_only=True):
    """What there is to say of a draft."""

    digest: str
    """Of the texts that were looked at."""
    flaws: tuple[Flaw, ...]

    @property
    def ok(self) -> bool:
        """Whether it may come into force."""
        return all(flaw.severity is not Severity.ERROR for flaw in self.flaws)


class Draft(Struct, frozen=True, kw_only=True):
    """A text that may be edited."""

    name: str
    text: str
    own: bool
    """A template of the admin's own; false: as it ships."""
    changed: bool
    """Other than in the version in force."""


class Difference(Struct, frozen=True, kw_only=True):
    """What a draft would change in a file; secrets are masked."""

    name: str
    text: str
    """A unified diff."""


class Restart(StrEnum):
    """What has to be started again before a change counts."""

    ASTERISK = "asterisk"
    ENGINE = "engine"


class Later(Struct, frozen=True, kw_only=True):
    """A change that a running centre cannot take up."""

    needs: Restart
    name: str
    """A file of Asterisk's, or a section of the centre file."""


class Pending(Struct, frozen=True, kw_only=True):
    """What applying the draft would do."""

    in_force: int
    digest: str
    differences: tuple[Difference, ...]
    later: tuple[Later, ...]


class Stage(StrEnum):
    """The steps of an apply, in order."""

    RENDERED = "rendered"
    LINTED = "linted"
    LOADED = "loaded"
    RELOADED = "reloaded"
    PROBED = "probed"
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"


class StageDone(Struct, frozen=True, kw_only=True):
    """A step that is done."""

    stage: Stage
    at_ms: Milliseconds
    words: str = ""
    """English, for whoever reads closely."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How an apply or a rollback ended."""

    kept: bool
    version: int
    """The one in force now."""
    stages: tuple[StageDone, ...]
    reason: str
    """Why it was refused or rolled back, in English; "" when it was kept."""
    code: str = ""
    """`mistakes`, `unchanged`, `restart` or `misfit` when it was refused, `failed` when it was rolled back."""
    flaws: tuple[Flaw, ...] = ()
    later: tuple[Later, ...] = ()
    """What counts only after a restart."""


class Entry(Struct, frozen=True, kw_only=True):
    """A line of the history, oldest first by `number`."""

    number: int
    at_ms: Milliseconds
    action: str
    """`start`, `apply`, `rollback`, `failed` (taken back by itself) or `recovered` (a death in the midst of it)."""
    version: int
    """The version that it was about."""
    author: str
    reason: str
    words: str
    """What went wrong; "" otherwise."""
    digest: str
    kept: bool
    """Whether that version can still be gone back to."""


class Busy(RuleError):
    """Another apply or rollback is under way."""

    code = "conf_busy"


class Stale(RuleError):
    """Another has written the draft since the editor began."""

    code = "conf_stale"


class Templates(Protocol):
    """The configuration of one home. Everything that blocks does so in a thread; errors are ConfigError."""

    async def in_force(self) -> int:
        """The version in force. Raises ConfigError when there never was one."""

    async def drafts(self) -> Sequence[Draft]:
        """All that the page may edit, the centre file first."""

    async def save(self, name: str, text: str, *, base: str) -> None:
        """Write a draft; `base` is the text that the editor began with.

        Raises Stale when another has written since, ConfigError for a name or size that cannot be.
        """

    async def reset(self, name: str) -> None:
        """Take an own template away, so that the shipped one counts; of the centre file: as in the version in force."""

    async def check(self, language: str) -> Checked:
        """Render and lint the drafts; nothing changes."""

    async def pending(self) -> Pending:
        """What applying the drafts would change. Raises ConfigError when they cannot be rendered."""

    async def apply(
        self,
        *,
        author: str,
        reason: str,
        later: bool = False,
        language: str = "en",
        told: Callable[[StageDone], None] = lambda _: None,
    ) -> Outcome:
        """Bring the drafts into force, or nothing. `later`: what needs a restart may wait for it; else it is refused.

        One at a time: raises Busy while another is under way.
        """

    async def rollback(
        self,
        version: int,
        *,
        author: str,
        reason: str,
        language: str = "en",
        told: Callable[[StageDone], None] = lambda _: None,
    ) -> Outcome:
        """Bring an earlier version into force, byte for byte; the drafts become its texts. Raises NotFound, Busy."""

    async def history(self) -> Sequence[Entry]:
        """Newest first."""

    async def texts(self, version: int) -> Mapping[str, str]:
        """What a version was made of: the centre file and the admin's own templates. Raises NotFound."""


class Loader(Protocol):
    """Somebody who takes up a version beside the old one: the engine, the IVR."""

    name: str

    async def load(self, version: int) -> None:
        """Serve this version from now on, and the older ones for the calls that came by them.

        Raises OutsideError or ConfigError when it cannot; then the old one is served as before.
        """


class DialplanHost(Protocol):
    """The switch whose dialplan it is. Every method raises AsteriskDown, AsteriskSilent, OutsideError."""

    async def reload(self, *, queues: Sequence[str]) -> None:
        """Read extensions.conf anew, and these static queues; returns when Asterisk said that it has."""

    async def contexts(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these contexts that Asterisk knows."""

    async def busy_contexts(self) -> frozenset[str]:
        """The contexts in which there are channels now."""

    async def probe(self, version: int, *, within_s: float) -> float:
        """A call that enters by the probe's name, goes through this version and reaches the application.

        Seconds until it was there. Raises OutsideError with the reason when it was not, in time or at all.
        """
