"""What a route is given: the parts of the centre, and the person who asks, if his role suffices.

Roles include each other: a supervisor may do what an agent may, an admin everything. Whose data he may see beyond that
is a matter of projects (`Roster.projects`) and of the assignment being his own (`cti.web.acts`).
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from cti.config import Centre
from cti.metrics import Metrics
from cti.ports import Accounts, Engine, Enrolment, History, People, Person, Reasons, Role
from cti.ports.campaigns import Campaigns
from cti.ports.chat import Chats
from cti.ports.desks import Desks
from cti.ports.surveys import Surveys
from cti.ports.templates import Templates
from cti.web.call_desk import Calls
from cti.web.callback_desk import Callbacks
from cti.web.chat_desk import ChatDesk
from cti.web.chat_limits import Visitors
from cti.web.health import LoopLag, Reign
from cti.web.hub import Hub
from cti.web.mail_desk import MailDesk
from cti.web.pace import Pace
from cti.web.presence import Presence
from cti.web.problems import Refusal
from cti.web.progress import Progress
from cti.web.recording_desk import RecordingDesk
from cti.web.roster import Roster
from cti.web.screens import Screens
from cti.web.sessions import Door, Session, Sessions
from cti.web.voicemail_desk import VoicemailDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that routes use."""

    engine: Engine
    hub: Hub
    presence: Presence
    roster: Roster
    screens: Screens
    people: People
    history: History
    reasons: Reasons
    accounts: Accounts
    enrolment: Enrolment
    sessions: Sessions
    metrics: Metrics
    lag: LoopLag
    centre: Centre
    ivr_token: str
    secure_cookies: bool
    chats: Chats
    calls: Calls
    chat_desk: ChatDesk
    visitors: Visitors
    callbacks: Callbacks
    reign: Callable[[], Reign] = Reign
    templates: Templates | None = None
    campaigns: Campaigns | None = None
    mail: MailDesk | None = None
    voicemail: VoicemailDesk | None = None
    surveys: Surveys | None = None
    recordings: RecordingDesk | None = None
    desks: Desks | None = None
    progress: Progress = field(default_factory=Progress)
    door: Door = field(default_factory=Door)
    pace: Pace = field(default_factory=Pace)


def _parts(connection: HTTPConnection) -> Parts:
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


async def parts(connection: HTTPConnection) -> Parts:
    """The parts that `create_app` was given."""
    return _parts(connection)


def identify(connection: HTTPConnection) -> tuple[Person, Session] | None:
    """The person whose session the connection shows; None when there is none or he may not sign in any more."""
    given = _parts(connection)
    session = given.sessions.read(connection)
    person = given.roster.holder(session) if session else None
    return (person, session) if session is not None and person is not None else None


async def _session(request: Request) -> Session:
    found = identify(request)
    if found is None:
        raise Refusal(401, "not_signed_in")
    request.state.person = found[0]
    return found[1]


_RANK: Final = {Role.AGENT: 0, Role.SUPERVISOR: 1, Role.ADMIN: 2}


def _needs(role: Role) -> Callable[..., Awaitable[Person]]:
    async def person(request: Request, _session: Annotated[Session, Depends(_session)]) -> Person:
        found: Person = request.state.person
        if _RANK[found.role] < _RANK[role]:
            raise Refusal(403, "not_allowed")
        return found

    return person


AnyParts = Annotated[Parts, Depends(parts)]
Asking = Annotated[Session, Depends(_session)]
"""The session of whoever is signed in."""
Anyone = Annotated[Person, Depends(_needs(Role.AGENT))]
"""Whoever is signed in."""


async def _paced(person: Anyone, parts: AnyParts) -> Person:
    wait_s = parts.pace.step(person.agent_id)
    if wait_s:
        raise Refusal(429, "too_fast", retry_after_s=wait_s, seconds=max(1, math.ceil(wait_s)))
    return person


Acting = Annotated[Person, Depends(_paced)]
"""Whoever is signed in and acts no faster than a person does."""
Supervisor = Annotated[Person, Depends(_needs(Role.SUPERVISOR))]
Admin = Annotated[Person, Depends(_needs(Role.ADMIN))]
