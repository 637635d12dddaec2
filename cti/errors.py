"""The one tree of errors. What a person reads is `str(error)`: a sentence with the next step.

    TriuneError
    ├── ConfigError            stop at start; names file, line and key; carries every finding at once
    ├── RuleError              the request breaks a rule; nothing has changed
    │   ├── IllegalTransition  (state, event) has no cell in the table
    │   ├── NotFound           no such contact, agent, queue …
    │   └── NotAllowed         the person's role does not permit it
    └── OutsideError           something beyond this process failed (transient, retry_after_s)
        ├── AsteriskDown       no connection: the comparison after the next one tells what happened
        ├── AsteriskSilent     no answer on a standing connection, or "internal error": it may be done or not
        ├── Busy               more is asked than can be done; nothing has changed, and later it can be done
        ├── ChannelGone        the channel, bridge or endpoint asked for is not there (any more)
        ├── DatabaseDown
        ├── Deposed            another engine leads: this process writes and commands nothing any more, and ends
        └── SetupFailed        a tool could not be found, fetched or started

Libraries' errors are wrapped once, at their adapter, `from` the cause.
"""

from dataclasses import dataclass


class TriuneError(Exception):
    """Root of the tree; never raised itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake in a configuration: where it stands and how to mend it."""

    file: str
    line: int
    key: str
    """"" when it is none's: the file cannot be read at all."""
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.problem}"


class ConfigError(TriuneError):
    """The configuration cannot be used; the running one is untouched."""

    def __init__(self, sentence: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__("\n".join([sentence, *map(str, findings)]))
        self.findings = findings


class RuleError(TriuneError):
    """The request breaks a rule; nothing has changed.

    The sentence is English, for logs and the command line. `code` names the rule: `cti.web.words` has a sentence for
    each code that a user of the desktop may meet, in his language.
    """

    code: str = "refused"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code


class IllegalTransition(RuleError):
    """The table has no cell for this state and event."""

    code = "illegal_transition"


class NotFound(RuleError):
    """There is no such thing (any more)."""

    code = "not_found"


class NotAllowed(RuleError):
    """The person's role or project does not permit it."""

    code = "not_allowed"


class OutsideError(TriuneError):
    """Something beyond this process failed; `transient` says whether another try can help."""

    def __init__(self, sentence: str, *, transient: bool = True, retry_after_s: float = 1.0) -> None:
        super().__init__(sentence)
        self.transient = transient
        self.retry_after_s = retry_after_s


class Busy(OutsideError):
    """More is asked than can be done now; nothing has changed. `retry_after_s` says when to come back."""


class AsteriskDown(OutsideError):
    """There is no connection to Asterisk, or it ended before the answer: the next one begins with a comparison."""


class AsteriskSilent(OutsideError):
    """The connection stands, but Asterisk did not answer before the deadline, or said that it failed inside (5xx).

    Whether it did what was asked is not known, and no new connection will come to tell: whoever asked must look or ask
    again.
    """


class ChannelGone(OutsideError):
    """Asterisk answered that the channel, bridge or endpoint is not there."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, transient=False)


class DatabaseDown(OutsideError):
    """The database does not answer."""


class Deposed(OutsideError):
    """Another engine leads now. What this one decided since is void; it ends, and may start again as a standby."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, transient=False)


class SetupFailed(OutsideError):
    """A tool could not be found, fetched or started; the sentence says what to install."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, transient=False)
