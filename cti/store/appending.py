"""Entries on their way to a durable place: one writer thread that shares each commit among all that waits.

The thread takes whatever has been appended, encodes it and has it put down as one; meanwhile the next batch gathers. So
there is no waiting window, and a commit's cost is shared by all that came during the one before. The loop only puts
into a queue and is called back once per batch. Where entries are put is a `Place`: `cti.store.journal` (a SQLite file)
and `cti.store.database_journal` (PostgreSQL with a local spool), which are the callers.

A write that fails (disk full, I/O error, whatever it is) is kept and tried again until it succeeds; those who wait for
it are told at once. What else a place has to do is tried again, too. One entry that can never be written is set aside,
a stub in its place, so that it does not keep those behind it from the disk. A place that says `Deposed` is given
nothing any more.
"""

import asyncio
import heapq
import itertools
import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from cti.errors import Deposed, OutsideError
from cti.ports import Entry, Journal
from cti.store import codec

log = logging.getLogger(__name__)

LARGEST_BATCH: Final = 2000
PAGE: Final = 500
"""Entries read at once."""
DRAIN_S: Final = 5.0
"""How long closing waits for what is durable to be settled, too."""
_RETRY_S: Final = (0.1, 0.2, 0.5, 1.0)

Flushed = Callable[[Sequence[Entry]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the journal has done since it was opened, for metrics."""

    durable: int
    """Number of the last entry on disk."""
    settled: int
    """Number of the last entry where a successor finds it; behind `durable` while the journal's own place is away."""
    backlog: int
    """Entries appended and not yet on disk."""
    spooled: int
    """Entries on disk, but not where a successor finds them."""
    batches: int
    failures: int
    """Writes that failed; each was or is tried again."""
    failing: bool
    """The last write failed: what needs a promise is to be refused until it succeeds."""
    set_aside: int
    """Entries that could not be written for what they hold; a stub stands in the place of each."""
    longest_flush_ms: float
    """From taking a batch to its commit."""


class DurableJournal(Journal, Protocol):
    """A journal as those need it who follow what is written: the history's projector, the audit, metrics."""

    def on_flushed(self, listener: Flushed) -> None:
        """Have `listener` called in the loop with each batch that is settled, in order; it must not block or raise.

        An empty batch: more has settled than is told here, and is to be read.
        """

    def figures(self) -> Figures:
        """For metrics; cheap."""

    def read(self, *, after: int, until: int, limit: int = ...) -> list[Entry]:
        """At most `limit` entries with after < number ≤ until; blocks. Raises OutsideError, ConfigError."""


class Place(Protocol):
    """Where batches are put. All but `trouble` is called in the writer thread only, and may block."""

    @property
    def settled(self) -> int:
        """Number of the last entry that a successor would find; less than was put while only a stand-in has it."""

    def put(self, batch: list[Entry], rows: list[codec.Row], stub: Callable[[Entry, Exception], codec.Row]) -> None:
        """Make all rows durable, in order. What a former, failed put has written after all is not written twice.

        A row that is refused for what it holds is replaced in `rows` by what `stub` gives. Raises Deposed when another
        process owns the place, anything else when it could not be done: it is called again then.
        """

    def rest(self) -> float | None:
        """There is nothing to put now: do what else is to be done. After how many s it wants to be called again.

        Raises as `put`.
        """

    def release(self) -> None:
        """Let go of what is open; after a failure it is opened again by the next put."""

    def trouble(self, cause: Exception) -> str:
        """The failure as a sentence with the next step."""


class Appending(ABC):
    """The loop's side of a journal, and the thread behind it: `DurableJournal` but for reading and snapshots.

    To be opened in the loop that uses it, as an async context manager.

    The backlog is not bounded: an event is never dropped, and `figures().failing` tells the engine to refuse what it
    can.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._appended: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._listeners: list[Flushed] = []
        self._last = self._durable = self._settled = 0
        self._first_number = 0
        """Number of the first entry appended, which may leave a hole before it; 0 until then."""
        self._batches = self._failures = self._set_aside = 0
        self._trouble: OutsideError | None = None
        self._rest_trouble = ""
        """The last that was said of what fails beside the writing."""
        self._rest_fails = False
        """The writer thread's."""
        self._longest_flush_ms = 0.0
        self.deposed = asyncio.Event()
        """Set once the place belongs to another process: nothing is written any more."""

    @abstractmethod
    async def open(self) -> None:
        """Become the owner, and `start`. Raises OutsideError."""

    @abstractmethod
    async def close(self) -> None:
        """`stop`, and let the next owner in."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self, *, last: int) -> None:
        """Begin after the entry with this number."""
        self._last = self._durable = self._settled = last
        self._loop = asyncio.get_running_loop()
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    async def stop(self) -> None:
        """Write what is left (one try when the place refuses), have it settled within `DRAIN_S`, stop the thread."""
        self._closing.set()
        self._appended.put(None)
        await asyncio.to_thread(self._writer.join)
        self._fail_waiters(OutsideError("The journal is closed; nothing more is written."))

    # -- for the loop -------------------------------------------------------------------------------------------------

    @property
    def last_number(self) -> int:
        """See `ports.Journal`."""
        return self._last

    @property
    def settled(self) -> int:
        """Number of the last entry that a successor would find; see `Figures`."""
        return self._settled

    @property
    def unsettled(self) -> int:
        """How many entries were appended that a successor would not find."""
        return self._missing(self._settled)

    def _missing(self, reached: int) -> int:
        """How many entries were appended after this number; a hole before the first is none."""
        return self._last - max(reached, self._first_number - 1)

    @property
    def failing(self) -> bool:
        """See `ports.Journal`."""
        return self._trouble is not None

    def append(self, entry: Entry) -> None:
        """See `ports.Journal`. Raises ValueError when the number is not the next."""
        if entry.number != self._last + 1 and (self._first_number or entry.number <= self._last):
            raise ValueError(f"the journal's next entry is {self._last + 1}, not {entry.number}")
        self._first_number = self._first_number or entry.number
        self._last = entry.number
        self._appended.put(entry)

    async def flushed(self, number: int) -> None:
        """See `ports.Journal`. While writes fail it raises at once, although the entry is kept and tried again."""
        if number <= self._durable:
            return
        if self._trouble is not None:
            raise type(self._trouble)(str(self._trouble))
        done = self._loop.create_future()
        heapq.heappush(self._waiters, (number, next(self._order), done))
        await done

    def on_flushed(self, listener: Flushed) -> None:
        """See `DurableJournal`."""
        self._listeners.append(listener)

    @abstractmethod
    def read(self, *, after: int, until: int, limit: int = PAGE) -> list[Entry]:
        """See `DurableJournal`."""

    async def entries(self, *, after: int) -> AsyncIterator[Entry]:
        """See `ports.Journal`. Reads beside the writer; ends at what was settled when it was called."""
        until = self.settled
        while after < until:
            page = await asyncio.to_thread(self.read, after=after, until=until)
            if not page:
                return
            for entry in page:
                yield entry
            after = page[-1].number

    def figures(self) -> Figures:
        """See `DurableJournal`."""
        return Figures(
            durable=self._durable,
            settled=self._settled,
            backlog=self._missing(self._durable),
            spooled=self._missing(self._settled) - self._missing(self._durable),
            batches=self._batches,
            failures=self._failures,
            failing=self.failing,
            set_aside=self._set_aside,
            longest_flush_ms=self._longest_flush_ms,
        )

    def _batch_written(self, batch: Sequence[Entry], flush_ms: float, settled: int) -> None:
        self._durable = batch[-1].number
        self._batches += 1
        self._longest_flush_ms = max(self._longest_flush_ms, flush_ms)
        if self._trouble is not None:
            log.warning("the journal is written again", extra={"action": "journal_recovered"})
            self._trouble = None
        while self._waiters and self._waiters[0][0] <= self._durable:
            done = heapq.heappop(self._waiters)[2]
            if not done.done():
                done.set_result(None)
        self._move_settled(settled, batch if settled >= batch[-1].number else ())

    def _move_settled(self, settled: int, batch: Sequence[Entry] = ()) -> None:
        if settled > self._settled:
            self._settled = settled
            for listener in self._listeners:
                listener(batch)

    def _batch_failed(self, trouble: OutsideError) -> None:
        self._failures += 1
        if type(self._trouble) is not type(trouble):
            log.error("%s", trouble, extra={"action": "journal_failing"})
        self._trouble = trouble
        self._fail_waiters(trouble)
        if isinstance(trouble, Deposed):
            self.deposed.set()

    def _rest_failed(self, trouble: str) -> None:
        """Nobody waits for it: what was put is durable."""
        self._failures += 1
        if self._rest_trouble != trouble:
            log.error("%s", trouble, extra={"action": "journal_failing"})
        self._rest_trouble = trouble

    def _rest_recovered(self) -> None:
        self._rest_trouble = ""

    def _fail_waiters(self, trouble: OutsideError) -> None:
        waiters, self._waiters = self._waiters, []
        for _, _, done in waiters:
            if not done.done():
                done.set_exception(type(trouble)(str(trouble)))

    # -- the writer thread --------------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        try:
            while batch := self._take():
                if not self._written(batch):
                    return
            self._drain()
        except Deposed as deposed:
            self._tell(self._batch_failed, deposed)
        finally:
            self._place.release()

    def _written(self, batch: list[Entry]) -> bool:
        """Put it down, however often that must be tried; False when the journal was closed meanwhile."""
        rows = [self._row(entry) for entry in batch]
        for retry_s in itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1])):
            started = time.perf_counter()
            try:
                self._place.put(batch, rows, self._put_stub)
            except Deposed:
                raise
            except Exception as error:  # noqa: BLE001 - nobody else writes: it is told and tried again
                self._place.release()
                self._tell(self._batch_failed, OutsideError(self._place.trouble(error)))
                if self._closing.wait(retry_s):
                    return False
            else:
                flush_ms = (time.perf_counter() - started) * 1000
                self._tell(self._batch_written, batch, flush_ms, self._place.settled)
                return True
        return False

    def _tell(self, told: Callable[..., None], *what: object) -> None:
        self._loop.call_soon_threadsafe(told, *what)

    def _take(self) -> list[Entry]:
        """What is there, waiting only when there is nothing; empty when the journal is closed and all is written."""
        first = self._first()
        batch = [] if first is None else [first]
        while len(batch) < LARGEST_BATCH:
            try:
                entry = self._appended.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._appended.put(None)
                break
            batch.append(entry)
        return batch

    def _first(self) -> Entry | None:
        """The next entry; while there is none the place may rest. None when the journal is closed."""
        while True:
            try:
                return self._appended.get_nowait()
            except queue.Empty:
                again_s = self._rest()
            try:
                return self._appended.get(timeout=again_s)
            except queue.Empty:
                continue

    def _rest(self) -> float | None:
        """Have the place rest: after how many s again. What fails there is told, and tried again."""
        settled = self._place.settled
        try:
            again_s = self._place.rest()
        except Deposed:
            raise
        except Exception as error:  # noqa: BLE001 - nobody else writes: the thread must outlive it
            self._place.release()
            self._tell(self._rest_failed, self._place.trouble(error))
            self._rest_fails, again_s = True, _RETRY_S[-1]
        else:
            if self._rest_fails:
                self._tell(self._rest_recovered)
            self._rest_fails = False
        if self._place.settled > settled:
            self._tell(self._move_settled, self._place.settled)
        return again_s

    def _drain(self) -> None:
        """All is put: the place gets a while for what else it has to do."""
        deadline = time.monotonic() + DRAIN_S
        while (again_s := self._rest()) is not None and time.monotonic() + again_s < deadline:
            time.sleep(again_s)  # nobody waits for this thread but who closes

    def _row(self, entry: Entry) -> codec.Row:
        try:
            return codec.encode(entry)
        except Exception as error:  # noqa: BLE001 - what cannot be encoded now cannot be later
            return self._put_stub(entry, error)

    def _put_stub(self, entry: Entry, error: Exception) -> codec.Row:
        self._set_aside += 1
        kind = type(entry.event).__name__
        log.error(
            "entry %s (%s) cannot be written: %s",
            entry.number,
            kind,
            error,
            extra={"action": "entry_set_aside", "number": entry.number},
        )
        return codec.stub(entry)
