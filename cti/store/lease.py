"""Leadership by a lease in PostgreSQL: `ports.Leadership` for engines on several machines.

Here: the statements and the two loops, that of who waits and that of who leads. The rules they go by are
`cti.store.reign`. Each has one session with the database in a thread of its own, in which no statement outlasts
`postgres.ANSWER_S`. The leader's session holds an advisory lock that bears its reign's number: the kernel ends the
session with the process, so that a death is seen at once; it decides nothing, since a frozen process keeps its lock.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import psycopg

from cti.ports import Epoch
from cti.store import postgres
from cti.store.reign import LEASE_S, RENEW_EVERY_S, Answer, Hold, Seen, may_claim

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_EVERY_S: Final = 0.2
AGAIN_S: Final = 0.3
"""The pause between two tries to reach the database."""
TRY_S: Final = 3.0
"""After which a try to reach the database counts as failed, however many addresses or dead resolvers it has still to
wait for: two of these are less than `reign.GOES_ON_S`."""
_LOCK: Final = 8_746_864
_LEASE_MS: Final = int(LEASE_S * 1000)

_LOOK: Final = """
SELECT epoch, url, holder, expires_ms, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %(lock)s AND objid = leader.epoch::oid
    AND objsubid = 2 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM leader WHERE one = 1
"""
_PROBE: Final = "SELECT FROM leader WHERE one = 1 FOR SHARE NOWAIT"
_CLAIM: Final = """
INSERT INTO leader (one, epoch, holder, url, expires_ms)
VALUES (1, 1, %(holder)s, %(url)s, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + %(lease_ms)s)
ON CONFLICT (one) DO UPDATE SET epoch = leader.epoch + 1, holder = excluded.holder, url = excluded.url,
    expires_ms = excluded.expires_ms WHERE leader.epoch = %(epoch)s AND leader.expires_ms = %(expires_ms)s
RETURNING epoch
"""
_RENEW: Final = """
UPDATE leader SET expires_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + %(lease_ms)s
WHERE one = 1 AND epoch = %(epoch)s RETURNING epoch
"""
_GIVE_BACK: Final = "UPDATE leader SET expires_ms = 0 WHERE one = 1 AND epoch = %s"

Session = psycopg.Connection[tuple[object, ...]]


class Ask(Protocol):
    """Asks at a leader's address whether it leads in this reign; has a deadline of a second or so, and never raises."""

    async def __call__(self, url: str, epoch: int, /, *, elsewhere: bool) -> Answer:
        """`elsewhere`: the leader is on another machine than this."""


def now_s() -> float:
    """The clock that leases are counted by: it goes on while the process is frozen and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _nobody_to_ask(_url: str, _epoch: int, *, elsewhere: bool) -> Answer:
    del elsewhere
    return Answer.SILENT


class DatabaseLease:
    """See `ports.Leadership`. The schema must be there.

    `url` is where this process answers whether it leads, `machine` what tells its machine from others: the same address
    on two of them is not the same.
    """

    def __init__(
        self, database: str, *, holder: str, machine: str = "", url: str = "", ask: Ask = _nobody_to_ask
    ) -> None:
        self._database = database
        self._holder = f"{holder}@{machine}"
        self._machine = machine
        self._url = url
        self._ask = ask
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lease")
        self._session: Session | None = None
        self._session_since_ms = 0
        self._locked = False
        self._hold = Hold()
        self._lost = asyncio.Event()
        self._unknown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done as soon as more is known than now."""
        self._keeping: asyncio.Task[None] | None = None
        self.epoch = Epoch(0)
        """Of this process's own reign; 0 before it."""
        self.seen_epoch = 0
        """Of the reign that was last seen, whosever it is."""
        self.seen_url = ""
        self.is_behind = False
        """Another's reign stands, as far as was seen."""
        self.is_unreached = False
        """Who leads could not be asked the last time, before this process led."""

    # -- ports.Leadership ---------------------------------------------------------------------------------------------

    async def gained(self) -> Epoch:
        """See `ports.Leadership`. While the database is away it waits on: nobody can be made leader then."""
        while not self.epoch:
            try:
                await self._try_to_gain()
                self.is_unreached = False
            except postgres.AWAY as error:
                log.warning("who leads cannot be asked: %s", error, extra={"action": "lease_unknown"})
                self.is_unreached = True
                await self._in_thread(self._drop)
                await asyncio.sleep(AGAIN_S)
        if self._keeping is None:
            log.info("this engine leads", extra={"action": "lease_gained", "epoch": self.epoch})
            self._keeping = asyncio.get_running_loop().create_task(self._keep(), name="lease")
        return self.epoch

    async def lost(self) -> None:
        """See `ports.Leadership`."""
        await self._lost.wait()

    @property
    def leads(self) -> bool:
        """See `ports.Leadership`. False, too, while it is not known: see `confirmed`."""
        return self._hold.stands(now_s())

    async def confirmed(self) -> bool:
        """See `ports.Leadership`."""
        while not self.leads and not self._hold.over:
            await asyncio.shield(self._unknown)
        return self.leads

    # -- for the composition root -------------------------------------------------------------------------------------

    @property
    def away(self) -> bool:
        """Does this process lead without the database?"""
        return self._hold.away

    def challenged(self) -> None:
        """Another client took our application at the switch: without the database's word for us, it is a successor."""
        if self._hold.away:
            self.end("another engine took the switch while the database could not be reached from here")

    def end(self, why: str) -> None:
        """This reign is over, for the reason given; nothing brings it back."""
        if self._hold.over:
            return
        self._hold.end()
        log.critical("reign %d is over: %s", self.epoch, why, extra={"action": "deposed", "epoch": self.epoch})
        self._lost.set()
        self._tell()

    async def close(self, *, give_back: bool = True) -> None:
        """Give the lease back, so that a standby need not wait; to be called when nothing is written any more.

        Not to be given back when the journal lacks what this process holds: then it is as if it had died.
        """
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        with contextlib.suppress(TimeoutError):  # a try under way may take longer than anyone waits for the end
            async with asyncio.timeout(TRY_S):
                if give_back:
                    with contextlib.suppress(*postgres.AWAY):
                        await self._in_thread(self._give_back)
                await self._in_thread(self._drop)
        self._thread.shutdown(wait=False)

    # -- who waits ----------------------------------------------------------------------------------------------------

    async def _try_to_gain(self) -> None:
        seen = await self._in_thread(self._look)
        if seen.epoch != self.seen_epoch:
            log.info("reign %d stands: this engine waits", seen.epoch, extra={"action": "standby", "epoch": seen.epoch})
        self.seen_epoch, self.seen_url = seen.epoch, seen.url
        answer = Answer.SILENT
        if seen.epoch and seen.expires_ms and self._is_suspect(seen):
            answer = await self._ask(seen.url, seen.epoch, elsewhere=seen.elsewhere)
            if answer is Answer.LEADS:
                log.warning("the leader leads on without the database", extra={"action": "leader_cut_off"})
        self.is_behind = not may_claim(seen, answer, session_ms=seen.now_ms - self._session_since_ms)
        if self.is_behind:
            await asyncio.sleep(LOOK_EVERY_S)
            return
        asked_s = now_s()
        epoch = await self._in_thread(lambda: self._claim(seen))
        if epoch:
            self._hold.renewed(asked_s=asked_s)
            self.epoch = Epoch(epoch)

    @staticmethod
    def _is_suspect(seen: Seen) -> bool:
        """Only a leader whose session or time is over is asked: the others are well."""
        return not seen.held or seen.now_ms >= seen.expires_ms

    def _look(self) -> Seen:
        fresh = self._session is None
        row = self._reached().execute(_LOOK, {"lock": _LOCK}).fetchone()
        if row is None:
            return Seen(epoch=0, url="", expires_ms=0, now_ms=0, held=False)
        epoch, url, holder, expires_ms, now_ms, held = row
        if fresh:
            self._session_since_ms = int(str(now_ms))
        seen = Seen(
            epoch=int(str(epoch)),
            url=str(url),
            expires_ms=int(str(expires_ms)),
            now_ms=int(str(now_ms)),
            held=bool(held),
            elsewhere=str(holder).rpartition("@")[2] != self._machine,
        )
        if seen.expires_ms and seen.now_ms >= seen.expires_ms:
            # a row that cannot be written now may have kept the leader from renewing: that counts as the database away
            self._reached().execute(_PROBE)
        return seen

    def _claim(self, seen: Seen) -> int:
        """The new reign's number; 0 when the row is not as it was seen: claimed by another, or renewed after all."""
        values = {
            "holder": self._holder,
            "url": self._url,
            "epoch": seen.epoch,
            "expires_ms": seen.expires_ms,
            "lease_ms": _LEASE_MS,
        }
        session = self._reached()
        lock = (_LOCK, seen.epoch + 1)
        if not _said(session.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", lock)):
            return 0  # another is about to claim: whoever leads is to be seen alive from the first moment on
        if _said(session.execute(_CLAIM, values)):
            self._locked = True
            return seen.epoch + 1
        session.execute("SELECT pg_advisory_unlock(%s::int, %s::int)", lock)
        return 0

    # -- who leads ----------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        try:
            await self._renew_for_ever()
        except Exception:  # the edge of a task: whoever renews no more must not go on leading
            log.exception("the lease cannot be renewed", extra={"action": "lease_failed"})
            self.end("its lease could not be renewed")

    async def _renew_for_ever(self) -> None:
        while not self._hold.over:
            asked_s, had_session = now_s(), self._session is not None
            trying = asyncio.get_running_loop().run_in_executor(self._thread, self._renew)
            tried_s = await self._wait_for(trying, asked_s, had_session=had_session)
            try:
                stands = trying.result()
            except postgres.AWAY as error:
                await self._unreached(tried_s, error, had_session=had_session)
                continue
            if not stands:
                self.end("another engine leads this centre since")
                return
            if self._hold.away:
                log.warning("the database is back, and the reign stands", extra={"action": "lease_renewed"})
            self._hold.renewed(asked_s=asked_s)
            self._tell()
            await asyncio.sleep(RENEW_EVERY_S)

    async def _wait_for(self, trying: asyncio.Future[bool], tried_s: float, *, had_session: bool) -> float:
        """Until it is done, however long it takes; each `TRY_S` count as a try that failed, but in a session that stood
        before. When the last one began.
        """
        try:
            while not trying.done():
                await asyncio.wait((trying,), timeout=TRY_S)
                if not trying.done() and not had_session:
                    self._failed(tried_s, f"no answer within {TRY_S:g} s")
                    tried_s = now_s()
        finally:
            trying.cancel()  # of no effect when it is done
        return tried_s

    async def _unreached(self, tried_s: float, error: Exception, *, had_session: bool) -> None:
        """A session that stood before the try and broke is made anew at once: only when that fails, too, be it that the
        new session takes no renewal, is the database away. The lease goes on meanwhile: whoever would claim it has to
        ask us first, or to wait for its end.
        """
        await self._in_thread(self._drop)
        if had_session:
            return
        self._failed(tried_s, str(error))
        await asyncio.sleep(AGAIN_S)

    def _failed(self, tried_s: float, why: str) -> None:
        if not self._hold.away:
            log.error("the database is away (%s): the leader goes on without it", why, extra={"action": "lease_away"})
        self._hold.unreached(tried_s=tried_s)
        self._tell()

    def _tell(self) -> None:
        waiting, self._unknown = self._unknown, asyncio.get_running_loop().create_future()
        waiting.set_result(None)

    def _renew(self) -> bool:
        session = self._reached()
        if session.execute(_RENEW, {"epoch": self.epoch, "lease_ms": _LEASE_MS}).fetchone() is None:
            return False
        if not self._locked:
            lock = (_LOCK, self.epoch)
            self._locked = _said(session.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", lock))
        return True

    def _give_back(self) -> None:
        if self.epoch and not self._hold.over and self._session is not None:
            self._session.execute(_GIVE_BACK, (self.epoch,))

    # -- the session, in its thread -----------------------------------------------------------------------------------

    def _reached(self) -> Session:
        if self._session is None:
            self._session = postgres.connect(self._database, name="triune lease")
        return self._session

    def _drop(self) -> None:
        self._locked = False
        if self._session is not None:
            self._session.close()
            self._session = None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _said(answer: psycopg.Cursor[tuple[object, ...]]) -> bool:
    """Is there a row, with something in it?"""
    row = answer.fetchone()
    return row is not None and bool(row[0])
