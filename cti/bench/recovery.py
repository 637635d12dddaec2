"""`recovery`: the engine is killed -9 again and again under load; how soon is somebody routed, and does the music stop.

A centre whose journal holds a day of 20 000 contacts, talks with audio both ways, and callers who wait. In each round
the engine's process is killed, and from that instant on an agent tries to become ready over the API, as his page
would. Counted is the time from the kill to the INVITE at his phone: the first routing decision, seen from outside. His
phone is busy, so the caller goes back to his place and the next round finds the same centre. Some of those who wait are
sockets of this process and note when each sounding packet of music came. Afterwards the same with a standby in place of
the spare, in a smaller centre (`cti.bench.standby`). Called by `cti.bench.commands`.
"""

import asyncio
import datetime as dt
import os
import random
import signal
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from cti.bench import answering, crowd, music, sipp, stage, standby
from cti.bench.music import Listener
from cti.bench.probe import Probe, probe
from cti.bench.replay import DAY
from cti.bench.result import Goal, Result, percentile
from cti.bench.sipp import Phones
from cti.bench.stage import Stage
from cti.bench.standby import Takeovers
from cti.demo.desks import Desks
from cti.errors import OutsideError
from cti.home import Home
from cti.simulate.reading import parse
from cti.simulate.replications import play_once
from cti.store.recording import Recording

NAME: Final = "recovery"
TALKING: Final = 100
WAITING: Final = 200
LISTENING: Final = 10
"""Of those who wait."""
ROUNDS: Final = 20
PROBES: Final = 4
"""Agents who want to be ready, in turn: whose phone was busy is passed over for 15 s just after a start."""
COLD_ROUNDS: Final = 5
"""In which the spare is killed too, so that an engine must be started anew."""
_SAMPLES_A_SECOND: Final = 8000
_MUSIC_S: Final = 900
_ROUND_LIMIT_S: Final = 60.0
_BEFORE_S: Final = 1.0
_AFTER_S: Final = 3.0
"""The music is watched from so long before a kill to so long after the decision."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one kill came to; seconds from it."""

    answers_s: float
    """Until the API took the agent's wish."""
    routes_s: float
    """Until the INVITE was at his phone."""
    gap_s: float
    """Longest silence that any listener heard around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """What all kills of one machine's engine came to."""

    rounds: Sequence[Round]
    cold: Sequence[Round]
    """Without a spare."""
    lost: int
    """Channels that were there before the first kill and not after the last."""
    quiet_s: float
    """The music's own longest silence."""


async def measure(say: Say) -> Result:
    """Run the benchmark, some nine minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    restarts = await _restarts(say)
    return result(restarts, await standby.measure(say))


async def _restarts(say: Say) -> Restarts:
    say(f"a day's journal, a centre with {TALKING + PROBES} agents")
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=TALKING + PROBES, prepare=prepare))
        await stack.enter_async_context(
            Phones(centre.folder, port=centre.phones_port, talk_ms=round(crowd.FOREVER_S * 1000))
        )
        busy_port = centre.phones_port + 8
        phone = await stack.enter_async_context(
            answering.answering(sipp.PHONES, port=busy_port, refusal=answering.BUSY)
        )
        await centre.place_phones()
        talkers = await stack.enter_async_context(Desks(centre.home.web_url, centre.people[:TALKING], wrap_s=1.0))
        await talkers.ready(limit_s=90)
        busy = centre.people[TALKING:]
        await stack.enter_async_context(Desks(centre.home.web_url, busy, works=False))
        probes = [
            await stack.enter_async_context(probe(centre, phone, person, web=centre.home.web_url)) for person in busy
        ]
        listeners = await _fill(centre, stack, say)
        await _history_is_written(centre)
        quiet_s = await _silence(listeners)
        before = await crowd.channels(centre)
        rounds, cold = [], []
        for number in range(ROUNDS):
            rounds.append(await _round(centre, probes[number % PROBES], listeners))
            say(f"round {number + 1} of {ROUNDS}: {_shown(rounds[-1])}")
        for number in range(COLD_ROUNDS):
            cold.append(await _round(centre, probes[(ROUNDS + number) % PROBES], listeners, with_spare=False))
            say(f"without a spare, {number + 1} of {COLD_ROUNDS}: {_shown(cold[-1])}")
        lost = before - await crowd.channels(centre)
        return Restarts(rounds=rounds, cold=cold, lost=lost, quiet_s=quiet_s)


def prepare(home: Home) -> None:
    """A journal of the day before yesterday, all of whose contacts are closed, and music that is never silent."""
    music_folder = home.path / "music" / "default"
    music_folder.mkdir(parents=True)
    (music_folder / "noise.ulaw").write_bytes(random.Random(1).randbytes(_SAMPLES_A_SECOND * _MUSIC_S))
    date = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=2)
    day = DAY.replace("drain: 0", f"drain: 8h\ndate: {date}")
    with Recording(home.journal) as recording:
        play_once(parse(day, file="day", beside=Path()), seed=1, sink=recording.append)


# -- load --------------------------------------------------------------------------------------------------------------


async def _fill(centre: Stage, stack: AsyncExitStack, say: Say) -> list[Listener]:
    """Everyone talks, then callers come to wait, the listeners among them."""
    say(f"{TALKING} talk")
    await crowd.call(centre, stack, port=centre.callers_port, calls=TALKING)
    await crowd.until_channels(centre, 2 * TALKING)
    say(f"{WAITING} wait")
    listeners = [
        await stack.enter_async_context(
            music.listening(
                centre.sip,
                port=centre.home.ports.base + 1900 + place * music.PORTS_EACH,
                number=stage.DIRECT,
                as_caller=f"+7916777{place:04}",
            )
        )
        for place in range(LISTENING)
    ]
    await crowd.call(centre, stack, port=centre.callers_port + 700, calls=WAITING - LISTENING)
    await crowd.until_channels(centre, 2 * TALKING + WAITING)
    return listeners


async def _history_is_written(centre: Stage) -> None:
    """Until the day has become history: that is work of the first minute only."""
    async with httpx.AsyncClient(base_url=centre.home.web_url, trust_env=False) as http:

        async def written() -> bool:
            return "triune_history_lag 0\n" in (await http.get("/metrics")).text

        await crowd.until(written, otherwise="the history is not written")


async def _silence(listeners: Sequence[Listener]) -> float:
    """The longest silence in some seconds in which nothing happens: the music's own."""
    loop = asyncio.get_running_loop()
    since = loop.time()
    await asyncio.sleep(_BEFORE_S + _AFTER_S)
    return max(one.longest_gap_s(since, loop.time()) for one in listeners)


# -- rounds ------------------------------------------------------------------------------------------------------------


async def _round(centre: Stage, probe: Probe, listeners: Sequence[Listener], *, with_spare: bool = True) -> Round:
    loop = asyncio.get_running_loop()
    engine, spare = await _both(centre)
    await probe.registers()
    await asyncio.sleep(_BEFORE_S)
    rung = probe.rung()
    killed = loop.time()
    if not with_spare:
        os.kill(spare, signal.SIGKILL)
    os.kill(engine, signal.SIGKILL)
    try:
        async with asyncio.timeout(_ROUND_LIMIT_S):
            await probe.wishes()
            answers = loop.time()
            routed = (await rung).at
    except TimeoutError:
        raise OutsideError(f"Nobody is routed {_ROUND_LIMIT_S:g} s after the kill. {probe.trouble}".rstrip()) from None
    await asyncio.sleep(_AFTER_S)
    await probe.rests()
    gap_s = max(one.longest_gap_s(killed - _BEFORE_S, routed + _AFTER_S) for one in listeners)
    return Round(answers_s=answers - killed, routes_s=routed - killed, gap_s=gap_s)


async def _both(centre: Stage) -> tuple[int, int]:
    """Pids of the engine and its spare, once the supervisor tells of both and they live."""
    found: list[int] = []

    async def stand() -> bool:
        pids = centre.engines()
        found[:] = [pid for pid in pids if pid is not None and _lives(pid)]
        return len(found) == len(pids)

    await crowd.until(stand, otherwise="there are not an engine and its spare")
    return found[0], found[1]


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


# -- result ------------------------------------------------------------------------------------------------------------


def result(restarts: Restarts, takeovers: Takeovers) -> Result:
    """All figures and their goals; without a standby's where that was skipped, which a note says."""
    rounds, cold = restarts.rounds, restarts.cold
    routes = [one.routes_s for one in rounds]
    by_standby, standby_goals, told = _of_standby(takeovers)
    return Result(
        name=NAME,
        figures={
            "restart_p50_s": round(statistics.median(routes), 3),
            "restart_p99_s": round(percentile(routes, 99), 3),
            "without_spare_p50_s": round(statistics.median(one.routes_s for one in cold), 3),
            "without_spare_max_s": round(max(one.routes_s for one in cold), 3),
            "api_p50_s": round(statistics.median(one.answers_s for one in rounds), 3),
            "music_gap_ms": round(max(one.gap_s for one in rounds) * 1000),
            "music_gap_without_spare_ms": round(max(one.gap_s for one in cold) * 1000),
            "music_gap_undisturbed_ms": round(restarts.quiet_s * 1000),
            "channels_lost": restarts.lost,
            "talking": TALKING,
            "waiting": WAITING,
            "rounds": len(rounds),
            **by_standby,
        },
        goals={
            "restart_p99_s": ("<=", 2),
            "music_gap_ms": ("<=", 200),
            "channels_lost": ("<=", 0),
            **standby_goals,
        },
        notes=(
            "From kill -9 of the engine to the INVITE at the phone of an agent who asks to be ready all the while.",
            f"The gap is the longest without a sounding packet at any of {LISTENING} of those who wait, in any round.",
            f"Of {len(rounds)} rounds the 99th percentile is the longest.",
            "Callers, phones and desktops run on the same machine and take a large part of it; audio flows both ways.",
            told,
        ),
    )


def _of_standby(takeovers: Takeovers) -> tuple[Mapping[str, float], Mapping[str, Goal], str]:
    """Figures, goals and a note."""
    if takeovers.skipped:
        return {}, {}, f"The standby was skipped: {takeovers.skipped}"
    figures = {
        "standby_p50_s": round(statistics.median(takeovers.routes_s), 3),
        "standby_p99_s": round(percentile(takeovers.routes_s, 99), 3),
        "standby_channels_lost": takeovers.lost,
        "standby_rounds": len(takeovers.routes_s),
    }
    told = (
        "Standby: the same from the leader's kill -9 to the INVITE by its successor, the journal in PostgreSQL on the "
        f"same machine, {standby.TALKING} talking, {standby.WAITING} waiting; asked at one address for both engines."
    )
    return figures, {"standby_p99_s": ("<=", 2), "standby_channels_lost": ("<=", 0)}, told


def _shown(one: Round) -> str:
    return f"API {one.answers_s:.2f} s, routed {one.routes_s:.2f} s, music gap {one.gap_s * 1000:.0f} ms"
