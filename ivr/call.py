"""One call: the flow's verbs performed on a session, from the request to the queue or the hang-up.

The loop is here and nothing else: what comes next is `ivr.flow`'s, how it is done `ivr.session`'s. `ivr.app` calls
`answer` in the call's own thread.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from cti import actions, variables
from cti.config import Centre, Language
from cti.domain.ids import Milliseconds
from cti.prompts import Prompts
from cti.surveys import Answers
from ivr import accounts, flow, lost, survey
from ivr.session import CallerGone, LineGone, Session

log = logging.getLogger(__name__)

_MOST_NAME: Final = 80
"""Of a caller's name, which may be anything, characters are passed on."""
_MARGIN_S: Final = 10
"""The IVR ends a stay this much earlier than the dialplan would, so that it can do so in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a call needs; the centre as it stood when the call came."""

    centre: Centre
    prompts: Prompts
    check: Callable[[str, str], accounts.Answer]
    """Account and PIN, see `ivr.accounts.Accounts.check`."""
    lose: Callable[[lost.LostCaller], None]
    """Told of a caller who reached nobody, once he has gone."""
    now_ms: Callable[[], Milliseconds]
    keep_answers: Callable[[Answers], None] = lambda _: None
    """Of callers who are asked how it was; raises OSError."""


def answer(session: Session, services: Services) -> None:
    """Lead the caller through. Returns at the call's end here; raises CallerGone when he left before."""
    centre = services.centre
    asked = re.fullmatch(r"/?v[0-9]+/survey/([a-z0-9_]+)", session.env.get("agi_network_script", ""))
    if asked is not None:
        survey.lead(
            session,
            centre=centre,
            prompts=services.prompts,
            queue=asked[1],
            language=language(session.env.get("agi_language", "")),
            now_ms=services.now_ms(),
            keep=services.keep_answers,
        )
        return
    number = centre.numbers.get(session.env.get("agi_extension", ""))
    project = number.project if number is not None else next(iter(centre.projects))
    turn = flow.begin(
        centre,
        entry(session.env.get("agi_network_script", "")),
        project=project,
        language=language(session.env.get("agi_language", "")),
        now_ms=services.now_ms(),
    )
    Call(session, services, project=project).lead(turn)


def version(script: str) -> int | None:
    """The version of the centre file by which the dialplan asks: `v7/menu/KEY`; None when it names none."""
    found = re.match(r"/?v([0-9]{1,9})/", script)
    return int(found[1]) if found else None


def desk_way(script: str) -> str:
    """`in` or `out` where the dialplan sends somebody who logs in at a desk phone, or leaves it; else ""."""
    found = re.fullmatch(r"/?v[0-9]{1,9}/desk/(in|out)", script.partition("?")[0])
    return found[1] if found else ""


def entry(script: str) -> actions.Action:
    """What the dialplan asked for: `menu/KEY` or `hours/KEY`, a version before it; anything else is the operator."""
    match re.sub(r"\Av[0-9]+/", "", script.partition("?")[0].strip("/")).split("/"):
        case ["menu", key]:
            return actions.ToMenu(key)
        case ["hours", key]:
            return actions.ToHours(key)
        case _:
            return actions.ToOperator()


def language(asked: str) -> Language:
    """The centre's language that Asterisk names; English for any other."""
    return next((language for language in Language if asked.startswith(language)), Language.EN)


class Call:
    """Performs verbs; holds the one thing that the flow must not see, the digits of a secret."""

    def __init__(self, session: Session, services: Services, *, project: str) -> None:
        self._session = session
        self._services = services
        self._project = project
        self._came_ms = services.now_ms()
        self._secret = ""
        self._limit_s = float(services.centre.limits.max_ivr_s)
        self._began = time.monotonic()

    def lead(self, turn: flow.Turn) -> None:
        """Turn after turn, up to and including the last verb. Raises CallerGone when he leaves before."""
        try:
            while not isinstance(turn.verb, flow.Leave | flow.End):
                given = self._perform(turn.verb)
                if time.monotonic() - self._began > max(1.0, self._limit_s - _MARGIN_S):
                    given = flow.TimeUp()
                turn = flow.step(self._services.centre, turn.state, given, now_ms=self._services.now_ms())
            self._finish(turn.state, turn.verb)
        except CallerGone as gone:
            self._lose(turn.state, _end(turn.verb, gone))
            raise
        if isinstance(turn.verb, flow.End):
            self._lose(turn.state, lost.End.HUNG_UP_ON)

    def _lose(self, state: flow.State, end: lost.End) -> None:
        """He has gone, without having spoken to anyone. Out of time, the dialplan takes him to the operator instead."""
        why = lost.why(state, end)
        if why is None or time.monotonic() - self._began > self._limit_s - 1.0:
            return
        env = self._session.env
        self._services.lose(
            lost.LostCaller(
                queue_id=self._services.centre.projects[self._project].operator,
                number=lost.known(env.get("agi_callerid", "")),
                name=lost.known(env.get("agi_calleridname", ""))[:_MOST_NAME],
                dialled=env.get("agi_extension", ""),
                language=state.language.value,
                path=flow.path_text(state),
                why=why,
                at_ms=self._came_ms,
            )
        )

    def _perform(self, verb: flow.Ask | flow.Collect | flow.Check) -> flow.Given:
        match verb:
            case flow.Ask():
                key = self._session.ask(self._sounds(verb.say), timeout_ms=verb.timeout_ms, limit_s=self._limit_s)
                return flow.Pressed(key) if key else flow.Silence()
            case flow.Collect():
                digits = self._session.collect(
                    self._sounds(verb.say), most=verb.most, timeout_ms=verb.timeout_ms, limit_s=self._limit_s
                )
                if not digits:
                    return flow.Silence()
                if not verb.masked:
                    return flow.Entered(digits)
                self._secret = digits
                return flow.SecretEntered()
            case flow.Check():
                secret, self._secret = self._secret, ""
                said = self._services.check(verb.account, secret)
                return flow.Checked(said.outcome, said.standing)
            case _:
                assert_never(verb)

    def _finish(self, state: flow.State, verb: flow.Leave | flow.End) -> None:
        """Say the last words, then tell the dialplan where to; a call that is hung up here sets nothing."""
        path = flow.path_text(state)
        match verb:
            case flow.Leave():
                self._session.say(self._sounds(verb.say), limit_s=self._limit_s)
                values = {
                    variables.QUEUE: verb.queue,
                    variables.PATH: path,
                    variables.ACCOUNT: state.account,
                    variables.LANGUAGE: state.language.value,
                }
                if self._session.env.get("agi_language") != state.language:
                    values["CHANNEL(language)"] = state.language.value
                self._session.set_variables(values)
            case flow.End():
                self._session.say(self._sounds(verb.say), limit_s=self._limit_s)
                self._session.hang_up()
            case _:
                assert_never(verb)
        log.info(
            "%s: %s after %s",
            self._session.env.get("agi_uniqueid", "-"),
            verb.queue if isinstance(verb, flow.Leave) else "hung up",
            path or "nothing",
            extra={"action": "ivr_left" if isinstance(verb, flow.Leave) else "ivr_ended"},
        )

    def _sounds(self, say: tuple[flow.Phrase, ...]) -> list[str]:
        return [self._sound(phrase) for phrase in say]

    def _sound(self, phrase: flow.Phrase) -> str:
        prompt = self._services.centre.prompts[phrase.prompt]
        if not phrase.values:
            return self._services.prompts.sound(prompt, phrase.language)
        return self._services.prompts.spoken(filled(prompt.text(phrase.language), phrase.values), phrase.language)


def _end(verb: flow.Verb, gone: CallerGone) -> lost.End:
    """How he went who went while this was done."""
    if isinstance(verb, flow.End):
        return lost.End.HUNG_UP_ON
    return lost.End.CUT_OFF if isinstance(gone, LineGone) else lost.End.LEFT


def filled(text: str, values: tuple[tuple[str, str], ...]) -> str:
    """The text with each `{name}` replaced; a name without a value falls away."""
    by_name = dict(values)
    return re.sub(r"\{(\w+)\}", lambda found: by_name.get(found[1], ""), text)
