"""One folder of a mailbox as a stream of mails: each handed out until it is acknowledged, then moved away.

Theory of operation. What stands in the folder is what is not done: nothing is remembered elsewhere, flags decide
nothing (a person may look into the mailbox), and a mail is known by the digest of its bytes, never by its UID, which a
server may deal out anew (UIDVALIDITY). One task owns the connection: it moves what was acknowledged, fetches what is
new as long as there is room, and waits in IDLE; whatever fails ends the connection, and the next one finds in the
folder all that was not moved yet. So a mail may be handed out again after a break, and is never lost.

Not here: what a mail means (`cti.media.email_connector`).
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cti.config import Imap as Account
from cti.config import Tls
from cti.domain.ids import Milliseconds
from cti.errors import ConfigError, OutsideError
from cti.media import imap
from cti.media.email_reading import Mail, read, read_header
from cti.media.imap import Fetched, Imap

log = logging.getLogger(__name__)

MOST_UNACKNOWLEDGED: Final = 64
IDLE_S: Final = 540.0
"""Firewalls forget a connection on which nothing is said for longer; RFC 2177 allows 29 minutes."""
_FULL_S: Final = 30.0
_FETCHED_AT_ONCE: Final = 4_000_000
"""Bytes of mails fetched by one command."""
_ACKNOWLEDGE_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
_HEALTHY_AFTER_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail from the folder."""

    mail: Mail
    received_ms: Milliseconds
    whole: bool
    """False: it is too large, and only its header was fetched."""


class Mailbox:
    """The folder; `run` is the task that owns its connection."""

    def __init__(
        self, account: Account, *, largest: int, password: Callable[[], str], now_ms: Callable[[], Milliseconds]
    ) -> None:
        """`largest` in bytes; `password` raises ConfigError and is asked in a thread."""
        self._account, self._largest = account, largest
        self._password, self._now_ms = password, now_ms
        self._handed: dict[str, int | None] = {}
        """UIDs of what is handed out, by digest; None until it was found again after a break."""
        self._new: asyncio.Queue[Received] = asyncio.Queue()
        self._done: dict[str, tuple[str, asyncio.Future[None]]] = {}
        """Folder to move to, and who waits for it, by digest."""
        self._twins: set[int] = set()
        """UIDs of mails that are handed out already from another place in the folder."""
        self._wake = asyncio.Event()
        self.connected = False
        self.problem = ""
        """Why there is no connection, in words for the admin."""
        self.connections = 0

    @property
    def unacknowledged(self) -> int:
        """How many mails are handed out."""
        return len(self._handed)

    async def next(self) -> Received:
        """The next mail; its digest is to be given to `done`."""
        return await self._new.get()

    async def done(self, digest: str, *, folder: str) -> None:
        """Move the mail; returns when the server has done it. What is not handed out (any more) is done already.

        Raises OutsideError when that takes too long; the mail stays handed out, and may be done again.
        """
        if digest not in self._handed:
            return
        _, moved = self._done.setdefault(digest, (folder, asyncio.get_running_loop().create_future()))
        self._wake.set()
        try:
            await asyncio.wait_for(asyncio.shield(moved), _ACKNOWLEDGE_S)
        except TimeoutError as error:
            raise OutsideError("The mail server has not moved a mail in time.") from error

    async def run(self) -> None:
        """Keep company with the server, for ever. Begun anew, it hands out again all that was not acknowledged."""
        self._handed.clear()
        self._new = asyncio.Queue()
        for _, moved in self._done.values():
            moved.cancel()
        self._done.clear()
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while True:
            begun = loop.time()
            try:
                await self._session()
            except (OutsideError, ConfigError) as error:
                self.problem = str(error)
                log.warning(
                    "mail is not read: %s", error, extra={"action": "mailbox_failed", "host": self._account.host}
                )
                wanted_s = error.retry_after_s if isinstance(error, OutsideError) else _LONGEST_PAUSE_S
                pause_s = max(pause_s, min(wanted_s, _LONGEST_PAUSE_S)) if wanted_s > 1 else pause_s
            finally:
                self.connected = False
            if loop.time() - begun > _HEALTHY_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    # -- one connection ----------------------------------------------------------------------------------------------

    async def _session(self) -> None:
        connection = await self._open()
        try:
            await self._prepare(connection)
            self.connected, self.problem = True, ""
            self.connections += 1
            self._handed = dict.fromkeys(self._handed)
            self._twins.clear()
            await self._serve(connection)
        finally:
            await connection.close()

    async def _open(self) -> Imap:
        account = self._account
        context = await asyncio.to_thread(trusting, account.ca) if account.tls is not Tls.NONE else None
        return await imap.connected(
            host=account.host,
            port=account.port,
            tls=context if account.tls is Tls.IMPLICIT else None,
            starttls=context if account.tls is Tls.STARTTLS else None,
            largest=self._largest + 65_536,
        )

    async def _prepare(self, connection: Imap) -> None:
        await connection.sign_in(self._account.user or "", await asyncio.to_thread(self._password))
        for folder in (self._account.done, self._account.ignored):
            await connection.create(folder)
        await connection.select(self._account.folder)

    async def _serve(self, connection: Imap) -> None:
        ahead: deque[int] = deque()
        while True:
            self._wake.clear()
            await self._move(connection)
            if connection.changed and len(ahead) < MOST_UNACKNOWLEDGED:
                known = self._twins.union(uid for uid in self._handed.values() if uid is not None)
                ahead = deque(uid for uid in await connection.search() if uid not in known)
            await self._fetch_some(connection, ahead)
            if not ahead:
                self._forget_missing()
            if self._wake.is_set() or (connection.changed and not ahead):
                continue
            if not ahead:
                await connection.idle(self._wake, within_s=IDLE_S)
            elif self._room() <= 0:
                await self._wait_for_room(connection)

    def _room(self) -> int:
        """How many more may be handed out; one that was before is no new one, so it is found again in any case."""
        lost = sum(uid is None for uid in self._handed.values())
        return MOST_UNACKNOWLEDGED - len(self._handed) + lost

    async def _wait_for_room(self, connection: Imap) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), _FULL_S)
            return
        await connection.noop()

    async def _fetch_some(self, connection: Imap, ahead: deque[int]) -> None:
        uids = [ahead.popleft() for _ in range(min(self._room(), len(ahead)))]
        if not uids:
            return
        sized = await connection.fetch(uids, "RFC822.SIZE INTERNALDATE")
        for group in _groups(sized, self._largest):
            await self._take(connection, group, "BODY.PEEK[]", whole=True)
        for one in sized:
            if (one.size or 0) > self._largest:
                await self._take(connection, [one], "BODY.PEEK[HEADER]", whole=False)

    async def _take(self, connection: Imap, group: Sequence[Fetched], what: str, *, whole: bool) -> None:
        dates = {one.uid: one.date for one in group}
        bodies = await connection.fetch([one.uid for one in group], what, within_s=imap.BODY_S)
        mails = await asyncio.to_thread(_read_all, [one.body or b"" for one in bodies], whole=whole)
        for one, mail in zip(bodies, mails, strict=True):
            if self._handed.setdefault(mail.digest, one.uid) is None:
                self._handed[mail.digest] = one.uid
                continue
            if self._handed[mail.digest] != one.uid:
                self._twins.add(one.uid)
                continue
            received_ms = _unix_ms(dates[one.uid]) or self._now_ms()
            self._new.put_nowait(Received(mail=mail, received_ms=min(received_ms, self._now_ms()), whole=whole))

    async def _move(self, connection: Imap) -> None:
        """Move what was acknowledged, and tell those who wait for it."""
        folders: dict[str, list[str]] = {}
        for digest, (folder, _) in self._done.items():
            if self._handed.get(digest) is not None:
                folders.setdefault(folder, []).append(digest)
        for folder, digests in folders.items():
            uids = [uid for digest in digests if (uid := self._handed[digest]) is not None]
            await connection.move(uids, folder)
            for digest in digests:
                self._settle(digest)
        if folders and self._twins:
            self._twins.clear()
            connection.changed = True

    def _forget_missing(self) -> None:
        """The whole folder was looked through: what was acknowledged and is not in it has been moved already."""
        for digest, uid in list(self._handed.items()):
            if uid is None and digest in self._done:
                self._settle(digest)

    def _settle(self, digest: str) -> None:
        del self._handed[digest]
        _, moved = self._done.pop(digest)
        if not moved.done():
            moved.set_result(None)


def trusting(ca: str | None) -> ssl.SSLContext:
    """TLS to a server whose certificate this authority signed; None: one that the machine trusts. Reads the disk."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The file {ca} with the mail server's authority cannot be used: {error}.") from error


def _groups(sized: Sequence[Fetched], largest: int) -> list[list[Fetched]]:
    """Those that are not too large, in portions for one command."""
    groups: list[list[Fetched]] = []
    room = 0
    for one in sized:
        size = one.size or 0
        if size > largest:
            continue
        if not groups or size > room:
            groups.append([])
            room = _FETCHED_AT_ONCE
        groups[-1].append(one)
        room -= size
    return groups


def _read_all(bodies: Sequence[bytes], *, whole: bool) -> list[Mail]:
    return [read(body) if whole else read_header(body) for body in bodies]


def _unix_ms(date: str | None) -> Milliseconds | None:
    """Of an INTERNALDATE (RFC 3501, date-time); None for what is none."""
    try:
        return round(datetime.strptime((date or "").strip(), "%d-%b-%Y %H:%M:%S %z").timestamp() * 1000)
    except ValueError:
        return None
