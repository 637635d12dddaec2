"""Signing in and out: `/api/v1/session` for pages, `/api/v1/tokens` for programs.

Whoever has an extension becomes an agent at sign-in: not ready, on the phone he had last. Signing out with a contact in
hand lets him finish it first.
"""

import logging
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from cti.domain.events import AgentSignedIn, AgentSignedOut
from cti.domain.ids import Device, Readiness
from cti.errors import RuleError
from cti.ports import Person, TooManyTries
from cti.web.guard import Anyone, AnyParts, Asking, Parts
from cti.web.messages import Credentials, Done, LanguageWish, Link, Me, NewPassword, SignedOut, Token
from cti.web.problems import Refusal, responses
from cti.web.sessions import COOKIE, LIFE_S

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1", tags=["session"])


@router.post("/session", responses=responses(401, 429))
async def sign_in(given: Credentials, request: Request, response: Response, parts: AnyParts) -> Me:
    """Sign in with a password; sets the session's cookie."""
    person = await _check(given, request, parts)
    return await _welcome(person, response, parts)


@router.post("/tokens", responses=responses(401, 429))
async def make_token(given: Credentials, request: Request, parts: AnyParts) -> Token:
    """A bearer token for a program, as good as a session; nobody becomes an agent by it."""
    person = await _check(given, request, parts)
    return Token(token=parts.sessions.begin(person))


@router.post("/session/link", responses=responses(401, 429))
async def sign_in_by_link(given: Link, request: Request, response: Response, parts: AnyParts) -> Me:
    """Sign in with a one-time link; then choose a password."""
    person = await parts.people.redeem(given.token)
    if person is None:
        log.info("a link was refused", extra={"action": "link_refused", "source": _source(request)})
        raise Refusal(401, "link_used")
    await parts.roster.refresh()
    request.state.person = person
    return await _welcome(person, response, parts, by_link=True)


@router.get("/session", responses=responses(401))
async def who_am_i(person: Anyone, parts: AnyParts) -> Me:
    """Whoever is signed in."""
    return parts.roster.me(person)


@router.delete("/session", responses=responses(401))
async def sign_out(person: Anyone, session: Asking, response: Response, parts: AnyParts) -> SignedOut:
    """Sign out. With a contact in hand the session stays until it is finished: `left` is false then."""
    agent = parts.engine.state.agents.get(person.agent_id)
    if agent is not None and agent.readiness is not Readiness.OFFLINE and session.by_cookie:
        if not agent.leaving:
            await parts.engine.handle(AgentSignedOut(agent_id=person.agent_id))
        if parts.engine.state.agents[person.agent_id].assignment_ids:
            return SignedOut(left=False)
    await parts.roster.end(session)
    parts.presence.close_session(session.id)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=parts.secure_cookies)
    return SignedOut(left=True)


@router.post("/session/language", responses=responses(401))
async def choose_language(wish: LanguageWish, person: Anyone, parts: AnyParts) -> Done:
    """The language in which the server speaks to him from now on; his pages connect again."""
    if wish.language != person.language:
        await parts.people.change(replace(person, language=wish.language), actor=person.login)
        await parts.roster.refresh()
    return Done()


@router.post("/session/password", responses=responses(401, 403, 409, 429))
async def change_password(
    given: NewPassword, person: Anyone, session: Asking, request: Request, response: Response, parts: AnyParts
) -> Done:
    """Choose a new password of one's own; every other session of his ends."""
    if not session.by_link:
        await _check_old(given.old, person, request, parts)
    await parts.people.set_password(person.agent_id, given.new, actor=person.login)
    await parts.roster.refresh()
    _set_cookie(response, parts, parts.sessions.begin(parts.roster.person(person.agent_id) or person))
    return Done()


async def _check(given: Credentials, request: Request, parts: Parts) -> Person:
    person = await _weigh(given.login, given.password, request, parts)
    if person is None or not person.active:
        # A mistyped login is often the password, so neither is logged.
        log.info("a sign-in was refused", extra={"action": "sign_in_refused", "source": _source(request)})
        raise Refusal(401, "wrong_password")
    if parts.roster.person(person.agent_id) is None:
        await parts.roster.refresh()
    request.state.person = person
    return person


async def _check_old(password: str, person: Person, request: Request, parts: Parts) -> None:
    if await _weigh(person.login, password, request, parts) is None:
        raise Refusal(403, "wrong_old_password")


async def _weigh(login: str, password: str, request: Request, parts: Parts) -> Person | None:
    try:
        with parts.door.pass_through():
            return await parts.people.sign_in(login, password, source=_source(request))
    except TooManyTries as error:
        seconds = max(1, round(error.retry_after_s))
        raise Refusal(429, "too_many_tries", retry_after_s=seconds, seconds=seconds) from None


async def _welcome(person: Person, response: Response, parts: Parts, *, by_link: bool = False) -> Me:
    if person.extension is not None:
        await be_agent(person, parts)
    _set_cookie(response, parts, parts.sessions.begin(person, by_link=by_link))
    log.info("%s signed in", person.agent_id, extra={"action": "signed_in", "agent": person.agent_id})
    return parts.roster.me(parts.roster.person(person.agent_id) or person)


async def be_agent(person: Person, parts: Parts) -> None:
    """Have him signed in as an agent unless he is. Whoever was entered just now (by the command line) is made known to
    the engine first, so that his phones are there when the page registers."""
    if person.agent_id not in parts.engine.state.agents:
        await parts.enrolment.changed(person)
    agent = parts.engine.state.agents.get(person.agent_id)
    if agent is not None and agent.readiness is not Readiness.OFFLINE and not agent.leaving:
        return
    device = Device.WEB
    if agent is not None and (agent.since_ms > 0 or len(agent.phones) == 1):
        device = agent.phones[0] if len(agent.phones) == 1 else agent.device
    try:
        await parts.engine.handle(AgentSignedIn(agent_id=person.agent_id, device=device))
    except RuleError as error:
        log.warning("%s could not become an agent: %s", person.agent_id, error, extra={"action": "sign_in_refused"})


def _set_cookie(response: Response, parts: Parts, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=LIFE_S,
        path="/",
        httponly=True,
        samesite="strict",
        secure=parts.secure_cookies,
    )


def _source(request: Request) -> str:
    return request.client.host if request.client else ""
