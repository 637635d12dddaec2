"""The version with which a home starts: what `cti up` puts in Asterisk's folder before Asterisk runs.

Here: the first version of a home; drafts that were changed while the centre stood still; and an apply that a death cut
short. Not here: changing a running centre (`cti.dialplan.releases`). A start is not kept from happening by drafts with
mistakes, as long as there is a version that was in force before. Blocks; called by `cti.supervise`.
"""

import getpass
import time

from msgspec import Struct

from cti.config import parse
from cti.dialplan import checks, material, render, versions
from cti.dialplan.drafts import texts_of
from cti.dialplan.history import Applying, History, digest_of
from cti.dialplan.render import DIALPLAN
from cti.errors import ConfigError
from cti.home import Home
from cti.ports.templates import Entry, Flaw
from cti.setup.asterisk import AsteriskInstall


class Start(Struct, frozen=True, kw_only=True):
    """What a home starts with."""

    version: int
    words: tuple[str, ...]
    """What people should be told."""


def prepare(home: Home, install: AsteriskInstall) -> Start:
    """Decide on the version, and put its files in Asterisk's folder. For a home whose Asterisk does not run.

    Raises ConfigError when nothing can be started: there was no version before, and the drafts have mistakes.
    """
    history = History(home)
    with history.alone():
        words = _cut_short(history)
        number = history.in_force
        if number is None:
            number = _first(home, history, install)
        else:
            number, more = _drafts(home, history, install, number)
            words += more
        given = history.material(number)
        texts = dict(texts_of(given, home, install, version=number))
        texts[DIALPLAN] = versions.compose(number, {number: texts[DIALPLAN]})
        render.put(texts, home.asterisk)
    return Start(version=number, words=tuple(words))


def _cut_short(history: History) -> list[str]:
    cut = history.unfinished()
    if cut is None:
        return []
    number = history.in_force
    words = f"Version {cut.version} was cut short while it was brought into force; version {number} is in force."
    _note(history, cut, action="recovered", digest="", words=words)
    history.finish()
    return [words]


def _first(home: Home, history: History, install: AsteriskInstall) -> int:
    """The drafts, whatever lint says of them, so that a centre that ran goes on running."""
    given = material.of_home(home)
    parse(given.centre, file=str(home.centre_file))
    number = history.next_number()
    plain = texts_of(given, home, install, version=number)[DIALPLAN]
    _enter(history, number, given, plain=plain, reason="the first start")
    return number


def _drafts(home: Home, history: History, install: AsteriskInstall, number: int) -> tuple[int, list[str]]:
    """Drafts changed meanwhile come into force now, restart or not; with mistakes they do not."""
    given = material.of_home(home)
    if given.digest == history.version(number).digest:
        return number, []
    following = history.next_number()
    result = checks.check(given, home, install, version=following)
    wrong = checks.errors(result.flaws)
    if wrong or result.rendered is None:
        listed = "".join(f"\n  {one.file}:{one.line}: {one.problem}" for one in wrong[:10])
        return number, [f"What was changed has mistakes: version {number} stays in force.{listed}"]
    plain = result.rendered.texts[DIALPLAN]
    _enter(history, following, given, plain=plain, reason="changed while the centre stood still")
    return following, [f"What was changed while the centre stood still is in force, as version {following}."]


def _enter(history: History, number: int, given: material.Material, *, plain: str, reason: str) -> None:
    author = f"cti up ({_person()})"
    history.add(number, given, plain=plain, author=author, reason=reason, at_ms=_now_ms())
    history.put_in_force(number)
    applying = Applying(before=number, version=number, action="start", author=author, reason=reason)
    _note(history, applying, action="start", digest=digest_of(plain))


def _note(history: History, about: Applying, *, action: str, digest: str, words: str = "") -> None:
    history.note(
        Entry(
            number=0,
            at_ms=_now_ms(),
            action=action,
            version=about.version,
            author=about.author,
            reason=about.reason,
            words=words,
            digest=digest,
            kept=True,
        )
    )


def apply_stopped(home: Home, install: AsteriskInstall, *, reason: str) -> tuple[int | None, tuple[Flaw, ...]]:
    """Bring the drafts into force in a home where nothing runs; None and why not when they have mistakes."""
    history = History(home)
    with history.alone():
        number = history.in_force
        if number is None:
            raise ConfigError("Nothing was ever in force here: start the centre with `cti up` first.")
        given = material.of_home(home)
        if given.digest == history.version(number).digest:
            raise ConfigError("Nothing has changed since the version in force.")
        following = history.next_number()
        result = checks.check(given, home, install, version=following)
        if checks.errors(result.flaws) or result.rendered is None:
            return None, result.flaws
        _enter(history, following, given, plain=result.rendered.texts[DIALPLAN], reason=reason)
        return following, result.flaws


def roll_back_stopped(home: Home, version: int, *, reason: str) -> None:
    """Put an earlier version in force in a home where nothing runs. Raises NotFound, ConfigError."""
    history = History(home)
    with history.alone():
        given = history.material(version)
        if version == history.in_force:
            raise ConfigError(f"Version {version} is in force already.")
        history.put_in_force(version)
        about = Applying(before=version, version=version, action="rollback", author=_person(), reason=reason)
        _note(history, about, action="rollback", digest=history.version(version).dialplan)
        material.restore(home, given)


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "system"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
