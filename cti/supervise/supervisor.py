"""Keeps the parts of one home running: starts or adopts them, asks them, restarts what died or fell silent.

Theory of operation. Each part has one task, which owns it: bring it up (adopt what runs with the same command, else
start), wait for its first answer, then ask every `ASK_EVERY_S`. A part that ended, or gave no answer for `SILENT_S`, is
killed and started again after a pause that doubles from `PAUSE_FIRST_S` to `PAUSE_MOST_S` and is forgotten after
`SOUND_S` of health. One that says that it waits has all the time that it needs. One that stands by is given its time to
start once more when it is to serve. The parts live in their own sessions and are written down in HOME/run, so the
supervisor's death cuts nothing and the next one finds them. A disk that is full or gone ends neither a part nor its
task: what cannot be written down or told is tried again, and no process is taken for two parts because of a note that
stays. A pause of the supervisor itself (suspend, SIGSTOP) is not taken for silence.

A part may have a spare: a part of the same command whose process does nothing but wait until the other has died, and
then serves in its place without being told (for engines, `cti.spare`). So nothing is handed over here, it is only noted
who is who: the process of the spare becomes that of the part it stands in for, and soon after that answers, another
spare is started. Of a spare the centre's being up does not depend.

Here: that. Not here: which parts there are (`cti.supervise.parts`), talking to people (`cti.supervise.commands`).
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from cti.errors import ConfigError, SetupFailed
from cti.supervise import process
from cti.supervise.health import Probe
from cti.supervise.process import Running

ASK_EVERY_S: Final = 0.4
SILENT_S: Final = 1.8
"""With `ASK_EVERY_S` between questions a frozen part is killed 1.8 to 2.2 s after it froze."""
BUSY_SILENT_S: Final = 5.0
"""The same for a part that has just come up and has everything that is under way to take over (`Part.busy_s`)."""
PAUSE_FIRST_S: Final = 0.1
PAUSE_MOST_S: Final = 10.0
SPARE_AFTER_S: Final = 3.0
"""A spare that has just become the part has all to take over: starting another one beside it takes a core from it."""
SOUND_S: Final = 60.0
ADOPTED_GRACE_S: Final = 5.0
_STARTS: Final = 3
"""Deaths before the first answer after which `bring_up` gives up."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process to keep running."""

    name: str
    command: tuple[str, ...]
    log: Path
    is_ready: Probe
    """The first answer that counts: all that it offers is there."""
    answers: Probe
    """Asked from then on."""
    grace_s: float
    """Longest time from start to the first answer."""
    stop_within_s: float
    """Time to end by itself when asked to."""
    busy_s: float = 0.0
    """For how long after it came up it is given `BUSY_SILENT_S` for an answer."""
    ready_words: str
    """For people: `Asterisk 22.10 ready on 127.0.0.1:21001`."""
    after: tuple[str, ...] = ()
    """Parts that are up before this one is first started."""
    waits: Probe | None = None
    """Asked until it is ready: it waits for what is not of this home, such as the database, for however long. From the
    last time that it said so it has `grace_s` again."""
    waits_words: str = ""
    """For people."""
    stands_by: Probe | None = None
    """Asked until `answers` is heard for the first time: it waits for the lead, and once it has that it starts, for
    which it has `grace_s` again."""
    spare_of: str = ""
    """The part that this one's process becomes when that one's dies; started only while that one is up."""


class State(StrEnum):
    """Of a part."""

    STARTING = "starting"
    WAITING = "waiting"
    """It cannot start before what is not of this home is there; see `Part.waits`."""
    UP = "up"
    DOWN = "down"


class Origin(StrEnum):
    """Where a part's process comes from."""

    STARTED = "started"
    ADOPTED = "adopted"
    """A former supervisor started it."""
    PROMOTED = "promoted"
    """It was the part's spare."""


@dataclass(slots=True, kw_only=True)
class _Watched:
    part: Part
    running: Running | None = None
    state: State = State.DOWN
    origin: Origin = Origin.STARTED
    restarts: int = 0
    deaths_before_ready: int = 0
    is_noted: bool = True
    """Is its process written down?"""
    is_told: bool = True
    """Has `told` taken the last report?"""
    promoted: asyncio.Event = field(default_factory=asyncio.Event)
    """The process of this spare belongs to another part now."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    first_up: asyncio.Event = field(default_factory=asyncio.Event)
    failed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A part as `told` passes it on, after each change of its state."""

    part: Part
    state: State
    pid: int | None
    origin: Origin
    restarts: int
    again: bool = False
    """`told` was given the same before, and raised OSError."""


class Supervisor:
    """One home's parts. `told` is called in the loop after each change and must not block for long.

    When `told` raises OSError, as when the disk is full, it is told again until it does not.
    """

    def __init__(self, parts: Sequence[Part], *, run_dir: Path, told: Callable[[Report], None]) -> None:
        self._watched = {part.name: _Watched(part=part) for part in parts}
        self._order = tuple(part.name for part in parts)
        self._run_dir = run_dir
        self._told = told
        self._tasks: list[asyncio.Task[None]] = []

    async def end_others(self, *, adopt: bool) -> None:
        """End what a former supervisor left that is no part of this home any more, or, without `adopt`, all of it."""
        names = sorted((path.stem for path in self._run_dir.glob("*.json")), key=self._place)
        for name in names:
            found = process.recall(name, folder=self._run_dir)
            if found is not None and not (adopt and name in self._watched):
                log.warning("%s of a former start is ended", name, extra={"action": "part_replaced"})
                await process.stop(found, within_s=8)
                process.forget(name, folder=self._run_dir)

    def adoptable(self) -> frozenset[str]:
        """Names of the parts that run already and will be adopted, be it that a spare serves in a part's place."""
        return frozenset(name for name in self._order if self._runs(self._watched[name].part))

    def _runs(self, part: Part) -> bool:
        found = self._recall(part)
        return (found is not None and found.command == part.command) or self._spare_of(part) is not None

    def _place(self, name: str) -> int:
        """Order of stopping: the last started first, strangers before all."""
        return -self._order.index(name) if name in self._order else -len(self._order)

    async def bring_up(self) -> None:
        """Adopt or start every part and return when all have answered.

        Raises SetupFailed, naming the part and its log, when one does not come up; call `stop` then too.
        """
        for name in self._order:
            self._tasks.append(asyncio.create_task(self._keep(self._watched[name]), name=f"keep-{name}"))
        await asyncio.gather(*map(self._up_or_failed, self._needed))

    async def stop(self) -> None:
        """End every part, the last started first; returns when none runs. Safe to call at any moment."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name in reversed(self._order):
            watched = self._watched[name]
            if watched.running is not None:
                log.info("%s is stopped", name, extra={"action": "part_stopping"})
                await process.stop(watched.running, within_s=watched.part.stop_within_s)
                process.forget(name, folder=self._run_dir)
                watched.running = None
                self._set(watched, State.DOWN)

    def kill_all(self) -> None:
        """SIGKILL to every part, for a second Ctrl-C while `stop` waits."""
        for name in reversed(self._order):
            running = self._watched[name].running
            if running is not None:
                process.kill(running)

    @property
    def pids(self) -> dict[str, int]:
        """Pid of each part that runs, by name; of a spare once it can take over."""
        return {
            name: watched.running.pid
            for name, watched in self._watched.items()
            if watched.running is not None and (watched.state is State.UP or not watched.part.spare_of)
        }

    @property
    def is_all_up(self) -> bool:
        """Has every part but spares answered since its last start?"""
        return all(watched.state is State.UP for watched in self._needed)

    @property
    def _needed(self) -> list[_Watched]:
        return [watched for watched in self._watched.values() if not watched.part.spare_of]

    async def _up_or_failed(self, watched: _Watched) -> None:
        up = asyncio.create_task(watched.first_up.wait())
        failed = asyncio.create_task(watched.failed.wait())
        try:
            await asyncio.wait((up, failed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            failed.cancel()
        if not watched.first_up.is_set():
            raise SetupFailed(f"{watched.part.name} does not come up. {_last_words(watched.part.log)}")

    async def _keep(self, watched: _Watched) -> None:
        """The task that owns a part; ends only by being cancelled."""
        for name in watched.part.after:
            await self._watched[name].first_up.wait()
        pause_s = PAUSE_FIRST_S
        loop = asyncio.get_running_loop()
        while True:
            if watched.part.spare_of:
                await self._is_wanted(self._watched[watched.part.spare_of])
            began, has_failed = loop.time(), False
            try:
                reason = await self._live(watched)
            except OSError as error:
                reason, has_failed = f"is left alone for a moment, since this failed: {error}", True
            if loop.time() - began >= SOUND_S:
                pause_s = PAUSE_FIRST_S
            watched.restarts += 1
            was_promoted = watched.promoted.is_set()
            if was_promoted:
                watched.promoted.clear()
                watched.running = None
            self._set(watched, State.DOWN)
            if was_promoted and not has_failed:
                continue
            if not has_failed and (spare := self._spare_of(watched.part)) is not None:
                words = "%s %s; its spare takes over, pid %d"
                log.warning(words, watched.part.name, reason, spare.pid, extra={"action": "spare_takes_over"})
            else:
                words = "%s %s; started again in %.1f s"
                log.warning(words, watched.part.name, reason, pause_s, extra={"action": "part_restarting"})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MOST_S)

    async def _is_wanted(self, stood_for: _Watched) -> None:
        """Return once a spare of this part may be started."""
        await stood_for.up.wait()
        while stood_for.origin is Origin.PROMOTED:
            await asyncio.sleep(SPARE_AFTER_S)
            if stood_for.up.is_set():
                return
            await stood_for.up.wait()

    async def _live(self, watched: _Watched) -> str:
        """One life of the part, from its start to its end; returns why it ended."""
        try:
            running = self._adopt_or_start(watched)
        except SetupFailed as error:
            log.exception("%s cannot be started", watched.part.name, extra={"action": "part_failed"})
            self._count_failure(watched)
            return str(error)
        watched.running = running
        self._set(watched, State.STARTING)
        ended = asyncio.create_task(_over(running, watched.promoted))
        try:
            reason = await self._watch(watched, ended)
        finally:
            if not ended.done():
                ended.cancel()
                await asyncio.gather(ended, return_exceptions=True)
        if watched.promoted.is_set():
            return "serves"
        process.kill(running)
        await process.wait(running)
        if watched.state is not State.UP:
            self._count_failure(watched)
        watched.running = None
        process.forget(watched.part.name, folder=self._run_dir)
        return reason

    def _adopt_or_start(self, watched: _Watched) -> Running:
        part = watched.part
        found = self._recall(part)
        if found is None and watched.running is not None and watched.running.is_alive():
            found = watched.running
        if found is not None and found.command == part.command:
            watched.origin, running = Origin.ADOPTED, found
        elif (spare := self._spare_of(part)) is not None:
            watched.origin, running = Origin.PROMOTED, self._promote(spare, watched)
        else:
            watched.origin, running = Origin.STARTED, process.start(part.name, part.command, log=part.log)
            self._note(running, watched)
        words = "%s is %s, pid %d"
        log.info(words, part.name, watched.origin, running.pid, extra={"action": f"part_{watched.origin}"})
        return running

    def _recall(self, part: Part) -> Running | None:
        """What is written down of the part and still runs, unless it is another's by now."""
        found = process.recall(part.name, folder=self._run_dir)
        others = (watched.running for name, watched in self._watched.items() if name != part.name)
        if found is None or any(other is not None and other.pid == found.pid for other in others):
            return None
        return found

    def _spare_of(self, part: Part) -> Running | None:
        """The process that has taken this part's place, or is about to."""
        spares = (watched.part for watched in self._watched.values() if watched.part.spare_of == part.name)
        found = (self._recall(spare) for spare in spares)
        return next((running for running in found if running is not None and running.command == part.command), None)

    def _promote(self, spare: Running, watched: _Watched) -> Running:
        """Note down that this process is the part's from now on."""
        stood_by = self._watched[spare.name]
        if stood_by.running is not None:
            stood_by.promoted.set()
        running = replace(spare, name=watched.part.name)
        self._note(running, watched)
        process.forget(spare.name, folder=self._run_dir)
        return running

    def _note(self, running: Running, watched: _Watched) -> None:
        """Write the process down for a later supervisor. Where that fails it runs all the same: see `_watch`."""
        try:
            process.save(running, folder=self._run_dir)
        except OSError as error:
            if watched.is_noted:
                words = "%s runs, pid %d, but cannot be written down: %s. Make room on the disk that holds %s"
                given = running.name, running.pid, error.strerror, self._run_dir
                log.error(words, *given, extra={"action": "part_unnoted"})
            watched.is_noted = False
        else:
            watched.is_noted = True

    async def _watch(self, watched: _Watched, ended: asyncio.Task[None]) -> str:
        """Return why the part must be started (again): it ended, or it is silent."""
        part = watched.part
        loop = asyncio.get_running_loop()
        if reason := await self._came_up(watched, ended):
            return reason
        self._set(watched, State.UP)
        watched.first_up.set()
        if part.stands_by is not None and (reason := await self._stood_by(watched, part.stands_by, ended)):
            return reason
        last_answer = up_s = loop.time()
        while True:
            if await _either(ended, within_s=ASK_EVERY_S):
                return "ended"
            self._catch_up(watched)
            asked = loop.time()
            if await self._asked(part.answers):
                last_answer = loop.time()
            elif ended.done():
                return "ended"
            elif loop.time() - asked > 2 * SILENT_S:
                last_answer = loop.time()  # it was this process that stood still
            elif loop.time() - last_answer >= (BUSY_SILENT_S if last_answer - up_s < part.busy_s else SILENT_S):
                return f"gave no answer for {loop.time() - last_answer:.1f} s"

    async def _came_up(self, watched: _Watched, ended: asyncio.Task[None]) -> str:
        """Watch it until it is ready; why it must be started (again) before that, else ""."""
        part, loop = watched.part, asyncio.get_running_loop()
        grace_s = ADOPTED_GRACE_S if watched.origin is Origin.ADOPTED else part.grace_s
        deadline = loop.time() + grace_s
        while not await self._asked(part.is_ready):
            if ended.done():
                return "ended before it was ready"
            if part.waits is not None and await self._asked(part.waits):
                grace_s, deadline = part.grace_s, loop.time() + part.grace_s
                if watched.state is not State.WAITING:
                    self._set(watched, State.WAITING)
                self._catch_up(watched)
                await _either(ended, within_s=ASK_EVERY_S)
            elif loop.time() > deadline:
                return f"was not ready within {grace_s:.0f} s"
            else:
                await _either(ended, within_s=0.05)
        return ""

    async def _stood_by(self, watched: _Watched, waits: Probe, ended: asyncio.Task[None]) -> str:
        """Watch it until it serves; why it must be started (again) before that, else ""."""
        part, loop = watched.part, asyncio.get_running_loop()
        last_answer = loop.time()
        while not await self._asked(part.answers):
            if ended.done():
                return "ended"
            self._catch_up(watched)
            if await self._asked(waits):
                last_answer = loop.time()
            elif loop.time() - last_answer > part.grace_s:
                return f"stood by, and gave no answer for {part.grace_s:.0f} s"
            await _either(ended, within_s=ASK_EVERY_S)
        return ""

    async def _asked(self, probe: Probe) -> bool:
        try:
            async with asyncio.timeout(SILENT_S):
                return await probe()
        except (OSError, TimeoutError, ValueError):
            return False

    def _count_failure(self, watched: _Watched) -> None:
        watched.deaths_before_ready += 1
        if watched.deaths_before_ready >= _STARTS:
            watched.failed.set()

    def _set(self, watched: _Watched, state: State) -> None:
        watched.state = state
        if state is State.UP:
            watched.up.set()
        else:
            watched.up.clear()
        self._tell(watched, again=False)

    def _tell(self, watched: _Watched, *, again: bool) -> None:
        """Report how it stands. Where that fails it runs all the same: see `_catch_up`."""
        report = Report(
            part=watched.part,
            state=watched.state,
            pid=watched.running.pid if watched.running else None,
            origin=watched.origin,
            restarts=watched.restarts,
            again=again,
        )
        try:
            self._told(report)
        except OSError as error:
            if watched.is_told:
                words = "that %s is %s cannot be told: %s. Make room on the disk that holds %s"
                given = watched.part.name, watched.state, error, self._run_dir.parent
                log.error(words, *given, extra={"action": "part_untold"})
            watched.is_told = False
        else:
            watched.is_told = True

    def _catch_up(self, watched: _Watched) -> None:
        """Try again what could not be written down or told."""
        if not watched.is_noted and watched.running is not None:
            self._note(watched.running, watched)
        if not watched.is_told:
            self._tell(watched, again=True)


async def _over(running: Running, promoted: asyncio.Event) -> None:
    """Return when the process has ended, or belongs to another part."""
    waits = [asyncio.create_task(process.wait(running)), asyncio.create_task(promoted.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _either(ended: asyncio.Task[None], *, within_s: float) -> bool:
    """Wait for the end of the process, at most that long; has it ended?"""
    await asyncio.wait((ended,), timeout=within_s)
    return ended.done()


def _last_words(log_file: Path) -> str:
    try:
        lines = [line for line in log_file.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return f"Its log {log_file} ends with: {lines[-1][:300]}" if lines else f"Its log {log_file} is empty."


@contextlib.contextmanager
def alone(run_dir: Path) -> Iterator[None]:
    """Hold the home for this supervisor. Raises ConfigError when another has it; the kernel lets go when we die."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The home {run_dir.parent} cannot be made: {error.strerror}.") from error
    descriptor = os.open(run_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"`cti up` runs already on {run_dir.parent}: stop that one first, or name another --home."
            ) from None
        yield
    finally:
        os.close(descriptor)
