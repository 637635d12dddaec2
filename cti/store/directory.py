"""The directory: people, their skills and phones, the projects' codes, and the audit of who changed what.

Implements `ports.People` for the web; the commands and the demo use it too. Every change writes its line of the audit
in the same transaction. Telling the engine of a change is the caller's part (`ports.Enrolment`). The rows themselves
are read and written in `cti.store.people`, passwords weighed in `cti.store.passwords`.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from cti.config import Centre
from cti.database import Database
from cti.domain.ids import AgentId, Milliseconds
from cti.errors import NotFound, RuleError
from cti.ports import Code, Deed, Person, Phone, TooManyTries
from cti.store import codes, models, passwords, people

T = TypeVar("T")

SYSTEM: Final = "system"
"""Actor of what no person did."""
LINK_LIFE_S: Final = 24 * 3600
_HASHED_AT_ONCE: Final = 2

_AUDIT: Final = models.table(models.Deed)
_LINKS: Final = models.table(models.OneTimeLink)
_ENDED: Final = models.table(models.EndedSession)


def wall_clock_ms() -> Milliseconds:
    """Unix time in ms."""
    return time.time_ns() // 1_000_000


class Directory:
    """See `ports.People`. `now_ms` is Unix time in ms, for the audit, delays, links and sessions; `hasher` weighs
    passwords.
    """

    def __init__(
        self,
        database: Database,
        *,
        now_ms: Callable[[], Milliseconds] = wall_clock_ms,
        hasher: PasswordHash = passwords.STRONG,
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._hasher = hasher
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)
        self._signing_in: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # -- people --------------------------------------------------------------------------------------------------------

    async def everyone(self) -> Sequence[Person]:
        """See `ports.People`."""
        return await self._database.read(people.everyone)

    async def by_login(self, login: str) -> Person:
        """The person with this login, active or not. Raises NotFound."""
        found = await self._database.read(lambda connection: people.by_login(connection, login))
        if found is None:
            raise NotFound(f"There is no user {login!r}; `cti user list` shows all.")
        return found

    async def phones(self) -> Sequence[Phone]:
        """See `ports.People`; of the active only."""
        return await self._database.read(people.phones)

    async def add(self, person: Person, password: str | None, *, actor: str, sip_secret: str | None = None) -> Person:
        """See `ports.People`. Without a password he comes in by a link; without a SIP secret a random one is made."""
        password_hash = None if password is None else await self._hashed(password)
        values = {"password_hash": password_hash, "sip_secret": sip_secret or secrets.token_urlsafe(18)}
        return await self._change(
            lambda connection: people.add(connection, person, values),
            deed=(actor, "person_added", person.login, people.described(person)),
        )

    async def change(self, person: Person, *, actor: str) -> Person:
        """See `ports.People`. Who becomes inactive signs in no longer; his name stays for the history."""
        return await self._change(
            lambda connection: self._written(connection, person),
            deed=(actor, "person_changed", person.login, people.described(person)),
        )

    async def set_sip_secret(self, agent_id: AgentId, secret: str, *, actor: str) -> None:
        """Replace the password of his phones; they must be provisioned anew. Raises NotFound."""
        await self._change(
            lambda connection: people.update(connection, agent_id, {"sip_secret": secret}),
            deed=(actor, "sip_secret_set", agent_id, ""),
        )

    # -- signing in ----------------------------------------------------------------------------------------------------

    async def sign_in(self, login: str, password: str, *, source: str) -> Person | None:
        """See `ports.People`. Tries for one login are weighed one after the other: none slips past the delay."""
        if not login.isprintable():
            return None
        async with self._signing_in.setdefault(login, asyncio.Lock()):
            delay_ms, password_hash = await self._database.read(
                lambda connection: (
                    passwords.delay_ms(connection, login, source=source, now_ms=self._now_ms()),
                    people.password_hash(connection, login),
                )
            )
            if delay_ms:
                raise TooManyTries(delay_ms / 1000)
            async with self._hashing:
                right = await asyncio.to_thread(passwords.is_right, password, password_hash, hasher=self._hasher)
            if right:
                await self._database.write(lambda c: passwords.forget_wrong(c, login, source=source))
                return await self.by_login(login)
            await self._database.write(lambda c: passwords.count_wrong(c, login, source=source, now_ms=self._now_ms()))
            return None

    async def set_password(self, agent_id: AgentId, password: str, *, actor: str) -> None:
        """See `ports.People`."""
        password_hash = await self._hashed(password)
        await self._change(
            lambda connection: people.update(
                connection, agent_id, {"password_hash": password_hash, "sessions_from_ms": self._now_ms()}
            ),
            deed=(actor, "password_set", agent_id, ""),
        )

    async def end_sessions(self, agent_id: AgentId, *, actor: str) -> None:
        """See `ports.People`."""
        await self._change(
            lambda connection: people.update(connection, agent_id, {"sessions_from_ms": self._now_ms()}),
            deed=(actor, "sessions_ended", agent_id, ""),
        )

    async def end_session(self, session_id: str, *, until_ms: Milliseconds) -> None:
        """See `ports.People`."""
        await self._database.write(lambda connection: _end_session(connection, session_id, until_ms, self._now_ms()))

    async def ended_sessions(self) -> frozenset[str]:
        """See `ports.People`."""
        ids = sa.select(_ENDED.c.session_id)
        return frozenset(await self._database.read(lambda connection: connection.execute(ids).scalars().all()))

    async def link(self, agent_id: AgentId, *, actor: str, life_s: int = LINK_LIFE_S) -> str:
        """The token of a one-time sign-in for this person; his earlier ones hold no longer. Raises NotFound."""
        token = secrets.token_urlsafe(32)
        expires_ms = self._now_ms() + life_s * 1000
        await self._change(
            lambda connection: _put_link(connection, agent_id, token, expires_ms),
            deed=(actor, "link_made", agent_id, ""),
        )
        return token

    async def redeem(self, token: str) -> Person | None:
        """See `ports.People`."""
        return await self._database.write(lambda connection: _redeem(connection, token, self._now_ms()))

    def _written(self, connection: Connection, person: Person) -> Person:
        if not person.active:
            people.update(connection, person.agent_id, {"sessions_from_ms": self._now_ms()})
        return people.change(connection, person)

    async def _hashed(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(passwords.hashed, password, hasher=self._hasher)

    # -- codes ---------------------------------------------------------------------------------------------------------

    async def codes(self) -> Sequence[Code]:
        """See `ports.People`."""
        return await self._database.read(codes.everything)

    async def put_code(self, code: Code, *, actor: str) -> None:
        """See `ports.People`."""
        await self._change(
            lambda connection: codes.put(connection, code),
            deed=(actor, "code_put", f"{code.project_id}/{code.kind}/{code.id}", f"active={code.active}"),
        )

    async def adopt(self, centre: Centre) -> None:
        """Take in what the centre file names: projects and skills as they stand there, and the codes that are new.

        A code that is here already stays as the administrator left it.
        """
        await self._database.write(lambda connection: codes.adopt(connection, centre))

    # -- audit ---------------------------------------------------------------------------------------------------------

    async def audit(self, *, limit: int, before_ms: Milliseconds | None) -> Sequence[Deed]:
        """See `ports.People`."""
        return await self._database.read(lambda connection: _deeds(connection, limit, before_ms))

    async def note_deed(self, *, actor: str, action: str, subject: str, detail: str = "") -> None:
        """See `ports.People`."""
        await self._database.write(lambda connection: self._note(connection, (actor, action, subject, detail)))

    async def _change(self, work: Callable[[Connection], T], *, deed: tuple[str, str, str, str]) -> T:
        """`deed` is actor, action, subject and detail."""

        def changed(connection: Connection) -> T:
            result = work(connection)
            self._note(connection, deed)
            return result

        try:
            return await self._database.write(changed)
        except IntegrityError as error:
            raise RuleError(
                "The login or extension is taken, or a project or skill is not known. Choose another, or look at the "
                "list of users and the centre file.",
                code="taken",
            ) from error

    def _note(self, connection: Connection, deed: tuple[str, str, str, str]) -> None:
        values = dict(zip(("actor", "action", "subject", "detail"), deed, strict=True))
        connection.execute(sa.insert(_AUDIT).values(at_ms=self._now_ms(), **values))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _put_link(connection: Connection, agent_id: AgentId, token: str, expires_ms: Milliseconds) -> None:
    person_id = people.existing(connection, agent_id)
    connection.execute(sa.delete(_LINKS).where(_LINKS.c.person_id == person_id))
    values = {"token_digest": _digest(token), "person_id": person_id, "expires_ms": expires_ms}
    connection.execute(sa.insert(_LINKS).values(values))


def _end_session(connection: Connection, session_id: str, until_ms: Milliseconds, now_ms: Milliseconds) -> None:
    connection.execute(sa.delete(_ENDED).where((_ENDED.c.until_ms < now_ms) | (_ENDED.c.session_id == session_id)))
    connection.execute(sa.insert(_ENDED).values(session_id=session_id, until_ms=until_ms))


def _redeem(connection: Connection, token: str, now_ms: Milliseconds) -> Person | None:
    taken = connection.execute(
        sa.delete(_LINKS)
        .where(_LINKS.c.token_digest == _digest(token))
        .returning(_LINKS.c.person_id, _LINKS.c.expires_ms)
    ).one_or_none()
    if taken is None or taken.expires_ms < now_ms:
        return None
    person = people.by_id(connection, taken.person_id)
    return person if person is not None and person.active else None


def _deeds(connection: Connection, limit: int, before_ms: Milliseconds | None) -> list[Deed]:
    statement = sa.select(_AUDIT).order_by(_AUDIT.c.deed_id.desc()).limit(limit)
    if before_ms is not None:
        statement = statement.where(_AUDIT.c.at_ms < before_ms)
    return [
        Deed(at_ms=row.at_ms, actor=row.actor, action=row.action, subject=row.subject, detail=row.detail)
        for row in connection.execute(statement)
    ]
