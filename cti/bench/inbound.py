"""`inbound`: what a call to an agent costs, and how many go at once, beside plain `Queue()` in the same Asterisk.

Both sides: INVITE → the same prompt → a queue → the agent's phone answers at once → 2 s of talk, audio both ways → the
phone hangs up. Ours: FastAGI IVR, ACD over ARI, pop on the agent's connected desktop, journal (synchronous=FULL),
history. Plain: Answer, Playback, `Queue()` (rrmemory, autofill, ringinuse=no), no CDR, and one manager client that
reads every event, as a plain centre with screen pops would need. Callers and phones are SIPp; neither side bears them.

Segments alternate A B A B. Processor time is that of every process that serves: for ours Asterisk, engine, IVR and
supervisor, for the plain side Asterisk alone. Called by `cti.bench.commands`.
"""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from cti.bench import cpu, result, sipp, stage
from cti.bench.result import Result
from cti.bench.sipp import Counted, Phones
from cti.bench.stage import Stage
from cti.demo.desks import Desks
from cti.demo.manager import Fields, Manager
from cti.errors import OutsideError

NAME: Final = "inbound"
WRAP_S: Final = 1.0
"""Desktops leave contacts without wrap-up alone."""
TALK_MS: Final = 2000
LONG_TALK_MS: Final = 20_000
WIDE: Final = 260
"""Agents for the highest rate and for talks at once: 100 phones with 2 s of talk would end at 48 calls a second."""
RATE: Final = 15.0
"""Calls a second while cost is measured: some 40 % of what two cores bear."""
PAIRS: Final = 4
SEGMENT_S: Final = 10.0
RAMP: Final = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 100.0)
RAMP_S: Final = 6.0
AT_ONCE: Final = 255
AT_ONCE_RATE: Final = 20.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stretch of calls to one side."""

    counted: Counted
    ms_per_call: dict[str, float]
    """Processor time by process, of the processes that count for this side."""

    @property
    def total_ms(self) -> float:
        """Per call."""
        return sum(self.ms_per_call.values())


async def measure(say: Say) -> Result:
    """Run the whole benchmark, some five minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {WIDE} agents")
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=WIDE))
        async with Phones(centre.folder, port=centre.phones_port, talk_ms=TALK_MS):
            await centre.place_phones()
            say(f"{stage.FEW} desktops sign in")
            few = await stack.enter_async_context(Desks(centre.home.web_url, centre.people[: stage.FEW], wrap_s=WRAP_S))
            await few.ready(limit_s=60)
            ours, plain = await _cost(centre, say)
            say(f"{WIDE - stage.FEW} desktops more sign in")
            rest = await stack.enter_async_context(
                Desks(centre.home.web_url, centre.people[stage.FEW :], wrap_s=WRAP_S)
            )
            await rest.ready(limit_s=90)
            ours_most, plain_most = await _ramp(centre, say)
        async with Phones(centre.folder, port=centre.phones_port, talk_ms=LONG_TALK_MS):
            at_once = await _at_once(centre, say)
    return _result(ours, plain, ours_most=ours_most, plain_most=plain_most, at_once=at_once)


# -- cost --------------------------------------------------------------------------------------------------------------


async def _cost(centre: Stage, say: Say) -> tuple[list[Segment], list[Segment]]:
    ours: list[Segment] = []
    plain: list[Segment] = []
    await _segment(centre, stage.WITH_PROMPT, rate=RATE, seconds=3)
    async with _Reader(centre):
        await _segment(centre, stage.PLAIN, rate=RATE, seconds=3)
    for pair in range(PAIRS):
        say(f"cost at {RATE:g} calls/s, pair {pair + 1} of {PAIRS}")
        ours.append(await _segment(centre, stage.WITH_PROMPT, rate=RATE, seconds=SEGMENT_S))
        async with _Reader(centre):
            plain.append(await _segment(centre, stage.PLAIN, rate=RATE, seconds=SEGMENT_S, only="asterisk"))
        say(f"  ours {_shown(ours[-1])}; plain {_shown(plain[-1])}")
    return ours, plain


async def _segment(centre: Stage, number: str, *, rate: float, seconds: float, only: str = "") -> Segment:
    pids = centre.pids()
    counting = {only: pids[only]} if only else pids
    before = cpu.spent_ms(pids)
    counted = await sipp.call(
        centre.folder,
        target=centre.sip,
        number=number,
        callers=stage.customers(),
        port=centre.callers_port,
        rate=rate,
        calls=round(rate * seconds),
    )
    await centre.quiet()
    used = cpu.used_ms(before, cpu.spent_ms(pids))
    served = max(1, counted.served)
    return Segment(counted=counted, ms_per_call={name: used[name] / served for name in counting})


class _Reader:
    """The plain side's manager client: reads every event; `async with`."""

    def __init__(self, centre: Stage) -> None:
        self._centre = centre
        self.events = 0

    async def __aenter__(self) -> "_Reader":
        ports = self._centre.home.ports
        self._manager = await Manager.connect(
            ports.CENTRE_ADDRESS,
            ports.ami,
            user=stage.READER,
            secret=self._centre.reader_secret,
            on_event=self._take,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._manager.close()

    def _take(self, _: Fields) -> None:
        self.events += 1


# -- rate --------------------------------------------------------------------------------------------------------------


async def _ramp(centre: Stage, say: Say) -> tuple[float, float]:
    """The highest rates at which no call failed and none was late; a side that failed twice is left in peace."""
    most = {stage.WITH_PROMPT: 0.0, stage.PLAIN_WIDE: 0.0}
    for rate in RAMP:
        standing = [number for number, reached in most.items() if reached == _before(rate)]
        if not standing:
            break
        for number in standing:
            say(f"{'ours' if number == stage.WITH_PROMPT else 'plain'} at {rate:g} calls/s")
            if await _bears(centre, number, rate=rate, say=say):
                most[number] = rate
    return most[stage.WITH_PROMPT], most[stage.PLAIN_WIDE]


def _before(rate: float) -> float:
    place = RAMP.index(rate)
    return RAMP[place - 1] if place else 0.0


async def _bears(centre: Stage, number: str, *, rate: float, say: Say) -> bool:
    """Whether this rate goes without a failed call; one failure may be the machine's, so it is tried twice."""
    for _ in range(2):
        if number == stage.PLAIN_WIDE:
            async with _Reader(centre):
                segment = await _segment(centre, number, rate=rate, seconds=RAMP_S, only="asterisk")
        else:
            segment = await _segment(centre, number, rate=rate, seconds=RAMP_S)
        counted = segment.counted
        say(f"  {counted.served} served, {counted.unserved} failed, {counted.took_s:.1f} s, {_shown(segment)}")
        # What does not keep up piles up: the last caller is then served much later than the first was.
        if counted.unserved == 0 and counted.took_s < RAMP_S + 12:
            return True
    return False


async def _at_once(centre: Stage, say: Say) -> int:
    """Talks at the same time, audio both ways, none of them failing."""
    say(f"{AT_ONCE} talks at once")
    calling = asyncio.create_task(
        sipp.call(
            centre.folder,
            target=centre.sip,
            number=stage.WITH_PROMPT,
            callers=stage.customers(),
            port=centre.callers_port,
            rate=AT_ONCE_RATE,
            calls=AT_ONCE,
            patience_s=60,
        )
    )
    most = 0
    while not calling.done():
        await asyncio.wait([calling], timeout=1.0)
        bridges = await centre.console("bridge show all")
        most = max(most, sum(" 2 " in line for line in bridges.splitlines()))
    counted = await calling
    say(f"  {most} at once, {counted.unserved} failed")
    if counted.served == 0:
        raise OutsideError("No call was served while talks at once were measured.")
    return most - counted.unserved


# -- result ------------------------------------------------------------------------------------------------------------


def _result(
    ours: Sequence[Segment], plain: Sequence[Segment], *, ours_most: float, plain_most: float, at_once: int
) -> Result:
    ratios = [one.total_ms / other.total_ms for one, other in zip(ours, plain, strict=True)]
    by_process = {
        f"{name}_ms_per_call": round(statistics.median(one.ms_per_call[name] for one in ours), 2)
        for name in ours[0].ms_per_call
    }
    return Result(
        name=NAME,
        figures={
            "cpu_ratio": round(statistics.median(ratios), 3),
            "cpu_ratio_spread": round(result.spread(ratios), 3),
            "ours_ms_per_call": round(statistics.median(one.total_ms for one in ours), 2),
            "plain_ms_per_call": round(statistics.median(one.total_ms for one in plain), 2),
            **by_process,
            "max_calls_per_s": ours_most,
            "plain_max_calls_per_s": plain_most,
            "rate_ratio": round(ours_most / plain_most, 2) if plain_most else 0.0,
            "bridged_at_once": at_once,
            "failed_calls": sum(one.counted.unserved for one in [*ours, *plain]),
        },
        goals={"cpu_ratio": ("<=", 1.0), "max_calls_per_s": (">=", 50), "bridged_at_once": (">=", 250)},
        notes=(
            f"Cost: {stage.FEW} phones, {RATE:g} calls/s, {PAIRS} pairs of {SEGMENT_S:g} s; the audio's cost included.",
            f"Highest rate: steps of 10 calls/s for {RAMP_S:g} s with {WIDE} phones on both sides.",
            "Callers, phones and desktops run on the same machine and take a large part of it; they count for no side.",
            "Ours ends each contact without wrap-up and disposition, as app_queue does.",
        ),
    )


def _shown(segment: Segment) -> str:
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in segment.ms_per_call.items())
    return f"{segment.total_ms:.1f} ms/call ({parts})"
