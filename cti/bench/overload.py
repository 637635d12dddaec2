"""`overload`: far more calls than the centre bears; what becomes of those let in, with its limits and without.

Calls to a direct number, each caller once and with audio, agents' phones that answer at once, 2 s of talk. First the
highest rate that goes without a failed or late call is found, then 2.5 times as much is offered: once with the limits
off (as many lines and calls a second as there may be, no bounds of overload), once with `calls_per_s` at what was
measured and refusal by 503. The new limits come into force as an admin brings them, by `cti conf apply`, without a
restart. The queue keeps lost callers, so that each who is refused costs the engine a task, and is found again as one.

Three sides count: callers who was refused and who served, phones which talks were whole, the journal its tasks. None is
asked before its part is over: what is late is waited for. An engine that stands still too long is killed by its
supervisor: a finding without limits, but the end of the measurement before that, since the next engine's agents have no
phones here. Called by `cti.bench.commands`.
"""

import asyncio
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cti.bench import sipp, stage
from cti.bench.result import Result, percentile
from cti.bench.sipp import Counted, Phones, Talks
from cti.bench.stage import Stage
from cti.demo.desks import Desks
from cti.domain.facts import ContactQueued
from cti.domain.ids import ContactId, Medium
from cti.errors import OutsideError
from cti.store import journal

NAME: Final = "overload"
AGENTS: Final = 150
"""With 2 s of talk enough for some 50 calls a second."""
TALK_MS: Final = 2000
RAMP: Final = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
RAMP_S: Final = 5.0
IN_TIME_MS: Final = 500.0
"""By when 99 of 100 must have heard it ring for a rate to count as borne."""
TIMES: Final = 2.5
FLOOD_S: Final = 20.0
LOST_TO: Final = "mail"
"""Where refused callers wait as tasks; nobody of the benchmark's agents works on that."""
_TASKS_LIMIT_S: Final = 60.0
_STANDS_LIMIT_S: Final = 120.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What became of the calls of one run, by all who counted."""

    callers: Counted
    talks: Talks
    tasks: int
    """Made of callers who were refused."""
    engine_fell: bool
    """Another engine serves now than at first."""

    @property
    def apart(self) -> int:
        """By how many the callers who were served and the phones' talks that were whole differ."""
        return abs(self.callers.served - self.talks.whole)

    @property
    def forgotten(self) -> int:
        """Refused callers who are no task."""
        return self.callers.refused - self.tasks


async def measure(say: Say) -> Result:
    """Run the benchmark, some four minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {AGENTS} agents")
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=AGENTS, adjust=_keep_lost_callers))
        phones = Phones(centre.folder, port=centre.phones_port, talk_ms=TALK_MS)
        await stack.enter_async_context(phones)
        await centre.place_phones()
        desks = await stack.enter_async_context(Desks(centre.home.web_url, centre.people, wrap_s=1.0))
        await desks.ready(limit_s=_STANDS_LIMIT_S)
        floor = _Floor(centre, phones)
        borne = await _borne(floor, say)
        rate = TIMES * borne
        say(f"{rate:g} calls/s with limits")
        await _limit(centre, {"calls_per_s": round(borne), "max_calls": 2 * AGENTS, "refusal": "reject"}, overload=True)
        limited = await floor.offer(rate=rate, seconds=FLOOD_S)
        say(f"  {_shown(limited)}")
        _stood(limited, rate=rate)
        say(f"{rate:g} calls/s without limits")
        await _limit(centre, {"calls_per_s": 10_000, "max_calls": 10_000}, overload=False)
        unlimited = await floor.offer(rate=rate, seconds=FLOOD_S)
        say(f"  {_shown(unlimited)}")
        return result(limited, unlimited, borne=borne)


def _keep_lost_callers(centre: dict[str, Any]) -> None:
    centre["queues"][stage.QUEUE]["lost_to"] = LOST_TO


async def _borne(floor: "_Floor", say: Say) -> float:
    """The highest rate of the ramp without a failed and with hardly a late call."""
    borne = 0.0
    for rate in RAMP:
        found = await floor.offer(rate=rate, seconds=RAMP_S)
        say(f"{rate:g} calls/s: {_shown(found)}")
        _stood(found, rate=rate)
        callers = found.callers
        if callers.unserved or not callers.rang_ms or percentile(callers.rang_ms, 99) > IN_TIME_MS:
            break
        borne = rate
    if not borne:
        raise OutsideError(f"This machine does not bear {RAMP[0]:g} calls a second now: it has too much else to do.")
    return borne


def _stood(found: Offered, *, rate: float) -> None:
    """Raises OutsideError when the engine did not outlive this."""
    if found.engine_fell:
        raise OutsideError(f"At {rate:g} calls/s the engine stood still and was killed: this machine is too busy now.")


class _Floor:
    """The centre, and all who count."""

    def __init__(self, centre: Stage, phones: Phones) -> None:
        self._centre = centre
        self._phones = phones
        self._tasks = Tasks(centre.home.journal)
        self._numbers = numbers()

    async def offer(self, *, rate: float, seconds: float) -> Offered:
        """Call so often for so long; what became of it once every call, talk and task is over or there."""
        calls = round(rate * seconds)
        engine, _ = self._centre.engines()
        talks, tasks = await self._phones.talks(), await self._tasks.count()
        callers = await sipp.call(
            self._centre.folder,
            target=self._centre.sip,
            number=stage.DIRECT,
            callers=list(itertools.islice(self._numbers, calls)),
            port=self._centre.callers_port,
            rate=rate,
            calls=calls,
        )
        await self._centre.quiet(within_s=120)
        made = await self._tasks.count(expected=tasks + callers.refused) - tasks
        since = await self._phones.talks()
        fell = self._centre.engines()[0] != engine
        whole, cut = since.whole - talks.whole, since.cut - talks.cut
        return Offered(callers=callers, talks=Talks(whole=whole, cut=cut), tasks=made, engine_fell=fell)


class Tasks:
    """Counts the tasks in a journal's file, whichever engine made them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._found: set[ContactId] = set()

    async def count(self, *, expected: int = 0, limit_s: float = _TASKS_LIMIT_S) -> int:
        """How many there are, once there are so many; as they stand after the limit. Raises OutsideError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        while True:
            await asyncio.to_thread(self._read_on)
            if len(self._found) >= expected or loop.time() > deadline:
                return len(self._found)
            await asyncio.sleep(0.3)

    def _read_on(self) -> None:
        while page := journal.read(self._path, after=self._read_to, until=sys.maxsize):
            for fact in itertools.chain.from_iterable(entry.facts for entry in page):
                if isinstance(fact, ContactQueued) and fact.medium is Medium.TASK:
                    self._found.add(fact.contact_id)
            self._read_to = page[-1].number


def numbers() -> Iterator[str]:
    """Strangers, each once: who calls again while his task waits makes no second one."""
    return (f"+7916{number}" for number in range(6_000_000, 7_000_000))


async def _limit(centre: Stage, limits: dict[str, object], *, overload: bool) -> None:
    """Bring these limits into force. Raises OutsideError when they are refused."""
    written: dict[str, Any] = yaml.safe_load(centre.home.centre_file.read_text(encoding="utf-8"))
    written["limits"].update(limits)
    written["limits"]["overload"] = {} if overload else stage.NEVER
    centre.home.centre_file.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cti", "conf", "apply", "--home", str(centre.home.path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise OutsideError(f"The limits were refused: {output.decode(errors='replace')[-500:]}")


def result(limited: Offered, unlimited: Offered, *, borne: float) -> Result:
    """The figures of both floods. Raises OutsideError when nobody was let in."""
    inside, unbound = limited.callers, unlimited.callers
    if not inside.rang_ms or not unbound.rang_ms:
        raise OutsideError("Nobody was let in, so nothing can be compared.")
    return Result(
        name=NAME,
        figures={
            "borne_calls_per_s": borne,
            "offered_calls_per_s": TIMES * borne,
            "pdd_p50_ms": percentile(inside.rang_ms, 50),
            "pdd_p99_ms": percentile(inside.rang_ms, 99),
            "pdd_p99_unlimited_ms": percentile(unbound.rang_ms, 99),
            "served": inside.served,
            "served_unlimited": unbound.served,
            "served_over_unlimited": round(inside.served / max(1, unbound.served), 2),
            "accepted_share": round(inside.accepted / inside.calls, 3),
            "refused_share": round(inside.refused / inside.calls, 3),
            "tasks_of_refused": limited.tasks,
            "refused_forgotten": limited.forgotten,
            "talks_cut": limited.talks.cut,
            "talks_cut_unlimited": unlimited.talks.cut,
            "failed": inside.failed,
            "failed_unlimited": unbound.failed,
            "books_apart": limited.apart,
            "engine_fell_unlimited": int(unlimited.engine_fell),
            "retransmitted": inside.retransmitted,
            "retransmitted_unlimited": unbound.retransmitted,
        },
        goals={
            "pdd_p99_ms": ("<=", 1000),
            "served_over_unlimited": (">=", 1.0),
            "refused_forgotten": ("<=", 0),
            "talks_cut": ("<=", 0),
            "failed": ("<=", 0),
            "books_apart": ("<=", 0),
        },
        notes=(
            f"{TIMES:g} times the highest rate borne (of at most {RAMP[-1]:g}), for {FLOOD_S:g} s, to a direct number.",
            f"Each caller is a stranger who calls once; {TALK_MS / 1000:g} s of talk, audio both ways, not recorded.",
            "Post-dial delay: the first INVITE leaves to 180 Ringing; refused calls get 503 and are not in it.",
            "Failed, by the callers: neither refused nor served: not picked up within 30 s, or not ended in 40 s more.",
            "Cut, by the phones: the centre ended the talk before the phone did, be it that the caller had given up.",
            "Each refused caller becomes a task of the engine, which nobody takes up; forgotten: who became none.",
            "Books apart: by how many the callers who were served and the talks that phones ended themselves differ.",
            "Engine fell, 1 or 0: it stood still, its supervisor killed it, and another went on, without phones.",
            "Callers, phones and desktops run on the same machine and take a large part of it.",
        ),
    )


def _shown(found: Offered) -> str:
    callers = found.callers
    late = f"{percentile(callers.rang_ms, 99):g}" if callers.rang_ms else "-"
    return (
        f"{callers.calls} calls, {callers.refused} refused, {found.tasks} tasks, {callers.served} served, "
        f"{callers.failed} failed, {late} ms p99; phones: {found.talks.whole} talks, {found.talks.cut} cut"
        f"{'; the engine fell' if found.engine_fell else ''}"
    )
