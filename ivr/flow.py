"""The menus of the centre file, interpreted: what a caller gave → where he stands now, and the one thing to do next.

Theory of operation. A call is a chain of turns. `begin` makes the first, `step` each next one from what he gave;
a turn is the new `State` and one `Verb`. The verb holds all that is to be said before it, so that one turn costs one
command at the switch. `Leave` and `End` are the last verbs; every chain reaches one of them: failed tries are counted
per menu, wrong PINs per call, and `MOST_TURNS` bounds whatever else a caller finds to press.

Pure: the instant is an argument, and a PIN never gets here: who performs `Collect(masked=True)` keeps the digits for
the `Check` that follows and says only `SecretEntered`. `ivr.call` performs the verbs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from cti import actions
from cti.config import Account, Centre, Language, Menu
from cti.domain import schedule
from cti.domain.ids import Milliseconds
from ivr import words

MOST_TURNS: Final = 60
"""Turns of one call; then the operator. The longest sensible walk through menus and self-service takes about 20."""
PATH_LIMIT: Final = 512
"""Characters of `path_text` (`cti.variables.PATH`)."""
ANY_KEY: Final = "0123456789*#"
_NOT_IN_A_PATH: Final = re.compile(r"[^a-z0-9_*#-]")


# -- what the caller gave ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Pressed:
    """One key, at `Ask`."""

    key: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing before the time ran out, at `Ask` or `Collect`."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Keys collected in the open; at least one."""

    digits: str


@dataclass(frozen=True, slots=True)
class SecretEntered:
    """Keys collected masked; they stay with whoever collected them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the account service said."""

    outcome: words.Outcome
    standing: words.Standing | None = None
    """With `OK`."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The caller has been here as long as the centre allows."""


Given: TypeAlias = Pressed | Silence | Entered | SecretEntered | Checked | TimeUp


# -- what is to be done ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Phrase:
    """A prompt of the centre file in one language; `values` go into its `{name}`s."""

    prompt: str
    language: Language
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Say, and wait for one key; a key pressed meanwhile ends the speech. Gives Pressed or Silence."""

    say: tuple[Phrase, ...]
    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Say, and take up to `most` keys; `#` ends earlier. Gives Entered (SecretEntered when masked) or Silence."""

    say: tuple[Phrase, ...]
    most: int
    timeout_ms: int
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Have the secret last collected checked for this account. Gives Checked."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Say, then go and wait in a queue. The last verb."""

    say: tuple[Phrase, ...]
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Say, then hang up. The last verb."""

    say: tuple[Phrase, ...]


Verb: TypeAlias = Ask | Collect | Check | Leave | End


# -- where he stands ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class AtMenu:
    """Hears the menu `State.menu` and may press one key."""


@dataclass(frozen=True, slots=True)
class AtNumber:
    """Is asked for his account's number."""


@dataclass(frozen=True, slots=True)
class AtPin:
    """Is asked for the PIN of this account."""

    account: str


@dataclass(frozen=True, slots=True)
class AtCheck:
    """Waits for the account service."""

    account: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Has left for a queue or is being hung up."""


Place: TypeAlias = AtMenu | AtNumber | AtPin | AtCheck | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One caller's way so far. Holds no secret."""

    project: str
    language: Language
    place: Place = Gone()
    menu: str = ""
    """The menu that `repeat` plays: the one he is in, or was in last."""
    failed: int = 0
    """Failed tries in this menu."""
    account_failed: int = 0
    """Failed tries at the self-service, over the whole call."""
    account: str = ""
    """The account whose PIN was accepted."""
    greeted: frozenset[str] = frozenset()
    path: tuple[str, ...] = ()
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: the state after it and what is to be done now."""

    state: State
    verb: Verb


def begin(centre: Centre, entry: actions.Action, *, project: str, language: Language, now_ms: Milliseconds) -> Turn:
    """The first turn of a call that comes in at `entry` (a menu or hours)."""
    return _go(centre, State(project=project, language=language), entry, now_ms=now_ms)


def step(centre: Centre, state: State, given: Given, *, now_ms: Milliseconds) -> Turn:
    """The next turn. What does not fit the place (the caller cannot do it) leads to the operator, as does TimeUp."""
    state = replace(state, turns=state.turns + 1)
    if isinstance(given, TimeUp) or state.turns > MOST_TURNS:
        return _to_operator(centre, state)
    match state.place, given:
        case AtMenu(), Pressed(key):
            return _pressed(centre, state, key, now_ms=now_ms)
        case AtMenu(), Silence():
            menu = centre.menus[state.menu]
            return _failed_in_menu(centre, _with_step(state, menu.key, "-"), menu, menu.on_silence, now_ms=now_ms)
        case ((AtNumber() | AtPin() | AtCheck()), _) if centre.account is not None:
            return _in_account(centre, state, given, account=centre.account, now_ms=now_ms)
        case _:
            return _to_operator(centre, state)


def path_text(state: State) -> str:
    """What he did, as `cti.variables.PATH` defines it: the latest whole steps that fit into 512 characters."""
    kept: list[str] = []
    length = -1
    for one in reversed(state.path):
        length += len(one) + 1
        if length > PATH_LIMIT:
            break
        kept.append(one)
    return ";".join(reversed(kept))


# -- menus -------------------------------------------------------------------------------------------------------------
def _pressed(centre: Centre, state: State, key: str, *, now_ms: Milliseconds) -> Turn:
    menu = centre.menus[state.menu]
    state = _with_step(state, menu.key, key)
    action = menu.options.get(key)
    if action is None:
        return _failed_in_menu(centre, state, menu, menu.on_invalid, now_ms=now_ms)
    return _go(centre, state, action, now_ms=now_ms)


def _failed_in_menu(centre: Centre, state: State, menu: Menu, prompt: str, *, now_ms: Milliseconds) -> Turn:
    state = replace(state, failed=state.failed + 1)
    if state.failed >= menu.tries:
        # 'repeat' as the last resort would otherwise come back here at the next silence without a new chance.
        return _go(centre, replace(state, failed=0), menu.after_tries, say=_said(state, prompt), now_ms=now_ms)
    return _play(centre, state, menu.key, say=_said(state, prompt))


def _play(centre: Centre, state: State, key: str, *, say: tuple[Phrase, ...]) -> Turn:
    """Say the menu and wait for a key."""
    menu = centre.menus.get(key)
    if menu is None:  # no menu yet to repeat, or a name that this version of the centre file no longer holds
        return _to_operator(centre, state, say=say)
    if menu.greeting is not None and key not in state.greeted:
        say += _said(state, menu.greeting)
    state = replace(state, place=AtMenu(), menu=key, greeted=state.greeted | {key})
    return Turn(state, Ask(say=say + _said(state, menu.prompt), timeout_ms=round(menu.timeout_s * 1000)))


# -- actions -----------------------------------------------------------------------------------------------------------
def _go(
    centre: Centre, state: State, action: actions.Action, *, now_ms: Milliseconds, say: tuple[Phrase, ...] = ()
) -> Turn:
    match action:
        case actions.ToMenu(key):
            return _play(centre, replace(state, failed=0), key, say=say)
        case actions.Repeat():
            return _play(centre, state, state.menu, say=say)
        case actions.ChooseLanguage(code, then):
            chosen = replace(state, language=Language(code))
            return _go(centre, chosen, actions.Repeat() if then is None else then, now_ms=now_ms, say=say)
        case actions.ToQueue(key):
            return Turn(replace(state, place=Gone()), Leave(say=say, queue=key))
        case actions.ToHours(key):
            return _by_hours(centre, state, key, now_ms=now_ms, say=say)
        case actions.ToAccount():
            return _ask_number(centre, state, say=say)
        case actions.HangUp():
            goodbye = _said(state, centre.goodbye) if centre.goodbye is not None else ()
            return Turn(replace(state, place=Gone()), End(say=say + goodbye))
        case actions.ToOperator() | actions.ToEcho():  # the echo belongs to numbers; no step leads to it
            return _to_operator(centre, state, say=say)
        case _:
            assert_never(action)


def _by_hours(centre: Centre, state: State, key: str, *, now_ms: Milliseconds, say: tuple[Phrase, ...]) -> Turn:
    hours = centre.hours.get(key)
    if hours is None:
        return _to_operator(centre, state, say=say)
    if schedule.is_open(hours, now_ms):
        return _go(centre, _with_step(state, key, "open"), hours.open, now_ms=now_ms, say=say)
    state = _with_step(state, key, "closed")
    return _go(centre, state, hours.closed, now_ms=now_ms, say=say + _said(state, hours.closed_prompt))


def _to_operator(centre: Centre, state: State, *, say: tuple[Phrase, ...] = ()) -> Turn:
    return Turn(replace(state, place=Gone()), Leave(say=say, queue=centre.projects[state.project].operator))


# -- self-service ------------------------------------------------------------------------------------------------------
def _ask_number(centre: Centre, state: State, *, say: tuple[Phrase, ...]) -> Turn:
    account = centre.account
    if account is None:
        return _to_operator(centre, state, say=say)
    if state.account_failed >= account.tries:
        return _to_operator(centre, state, say=say + _said(state, account.on_locked))
    return Turn(
        replace(state, place=AtNumber()),
        Collect(
            say=say + _said(state, account.ask_number),
            most=account.number_digits,
            timeout_ms=round(account.timeout_s * 1000),
            masked=False,
        ),
    )


def _in_account(centre: Centre, state: State, given: Given, *, account: Account, now_ms: Milliseconds) -> Turn:
    match state.place, given:
        case AtNumber(), Entered("0"):
            return _to_operator(centre, _with_step(state, "account", "0"))
        case AtNumber(), Entered(digits) if digits.isascii() and digits.isdigit():
            return _ask_pin(_with_step(state, "account", "*"), digits, account=account)
        case AtNumber(), (Entered() | Silence()):
            return _failed_at_account(centre, _with_step(state, "account", "-"), prompt=None)
        case AtPin(number), SecretEntered():
            return Turn(replace(_with_step(state, "pin", "*"), place=AtCheck(number)), Check(account=number))
        case AtPin(), Silence():
            return _failed_at_account(centre, _with_step(state, "pin", "-"), prompt=None)
        case AtCheck(number), Checked(outcome, standing):
            state = _with_step(state, "pin", outcome.value)
            return _checked(centre, state, number, outcome, standing, account=account, now_ms=now_ms)
        case _:
            return _to_operator(centre, state)


def _ask_pin(state: State, number: str, *, account: Account) -> Turn:
    say = _said(state, account.ask_pin)
    timeout_ms = round(account.timeout_s * 1000)
    return Turn(
        replace(state, place=AtPin(number)),
        Collect(say=say, most=account.pin_digits, timeout_ms=timeout_ms, masked=True),
    )


def _checked(
    centre: Centre,
    state: State,
    number: str,
    outcome: words.Outcome,
    standing: words.Standing | None,
    *,
    account: Account,
    now_ms: Milliseconds,
) -> Turn:
    match outcome:
        case words.Outcome.OK if standing is not None:
            state = replace(state, account=number, account_failed=0)
            values = words.in_words(number, standing, language=state.language)
            say = (Phrase(account.state, state.language, values),)
            return _go(centre, state, account.then, now_ms=now_ms, say=say)
        case words.Outcome.WRONG | words.Outcome.UNKNOWN:
            return _failed_at_account(centre, state, prompt=account.on_wrong)
        case words.Outcome.LOCKED:
            return _to_operator(centre, state, say=_said(state, account.on_locked))
        case words.Outcome.UNAVAILABLE | words.Outcome.OK:
            return _to_operator(centre, state, say=_said(state, account.on_unavailable))
        case _:
            assert_never(outcome)


def _failed_at_account(centre: Centre, state: State, *, prompt: str | None) -> Turn:
    """Ask for the number again; `_ask_number` knows when it has been enough."""
    state = replace(state, account_failed=state.account_failed + 1)
    return _ask_number(centre, state, say=_said(state, prompt) if prompt is not None else ())


# -- small parts -------------------------------------------------------------------------------------------------------
def _said(state: State, prompt: str) -> tuple[Phrase, ...]:
    return (Phrase(prompt, state.language),)


def _with_step(state: State, where: str, key: str) -> State:
    return replace(state, path=(*state.path, ":".join(_fitting((where, key)))))


def _fitting(parts: Iterable[str]) -> Iterable[str]:
    """A phone may send A–D too; anything else that is not of the path's alphabet becomes `_`."""
    return (_NOT_IN_A_PATH.sub("_", part.lower()) for part in parts)
