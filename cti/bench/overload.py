"""`overload`: far more calls than the centre bears; what becomes of those let in, with its limits and without.

Calls to a direct number, agents' phones that answer at once, 2 s of talk. First the highest rate that goes without a
failed or late call is found, then 2.5 times as much is offered: once with the limits off (as many lines and calls a
second as there may be, no bounds of overload), once with `calls_per_s` at what was measured and refusal by 503. The new
limits come into force as an admin brings them, by `cti conf apply`, without a restart. Called by `cti.bench.commands`.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import yaml

from cti.bench import offered, stage
from cti.bench.offered import Offered
from cti.bench.result import Result, percentile
from cti.bench.sipp import Phones
from cti.bench.stage import Stage
from cti.demo.desks import Desks
from cti.errors import OutsideError

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
SHORT: Final = 0.5
"""A talk shorter than this part of `TALK_MS` was cut; a caller is joined a moment after the phone was picked up."""

Say = Callable[[str], None]


async def measure(say: Say) -> Result:
    """Run the benchmark, some four minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {AGENTS} agents")
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=AGENTS))
        await stack.enter_async_context(Phones(centre.folder, port=centre.phones_port, talk_ms=TALK_MS))
        await centre.place_phones()
        desks = await stack.enter_async_context(Desks(centre.home.web_url, centre.people, wrap_s=1.0))
        await desks.ready(limit_s=120)
        borne = await _borne(centre, say)
        rate = TIMES * borne
        say(f"{rate:g} calls/s with limits")
        await _limit(centre, {"calls_per_s": round(borne), "max_calls": 2 * AGENTS, "refusal": "reject"}, overload=True)
        limited = await _offer(centre, rate=rate, seconds=FLOOD_S)
        say(f"  {_shown(limited)}")
        say(f"{rate:g} calls/s without limits")
        await _limit(centre, {"calls_per_s": 10_000, "max_calls": 10_000}, overload=False)
        unlimited = await _offer(centre, rate=rate, seconds=FLOOD_S)
        say(f"  {_shown(unlimited)}")
        return _result(limited, unlimited, borne=borne)


async def _borne(centre: Stage, say: Say) -> float:
    """The highest rate of the ramp without a failed and with hardly a late call."""
    borne = 0.0
    for rate in RAMP:
        found = await _offer(centre, rate=rate, seconds=RAMP_S)
        say(f"{rate:g} calls/s: {_shown(found)}")
        if found.failed or not found.rang_ms or percentile(found.rang_ms, 99) > IN_TIME_MS:
            break
        borne = rate
    if not borne:
        raise OutsideError(f"This machine does not bear {RAMP[0]:g} calls a second now: it has too much else to do.")
    return borne


async def _offer(centre: Stage, *, rate: float, seconds: float) -> Offered:
    found = await offered.call(
        centre.folder,
        target=centre.sip,
        number=stage.DIRECT,
        callers=stage.customers(),
        port=centre.callers_port,
        rate=rate,
        calls=round(rate * seconds),
    )
    await centre.quiet(within_s=120)
    return found


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


def _cut(found: Offered) -> int:
    """Talks that ended before the agent hung up."""
    return sum(talked < SHORT * TALK_MS for talked in found.talked_ms)


def _result(limited: Offered, unlimited: Offered, *, borne: float) -> Result:
    if not limited.rang_ms or not unlimited.rang_ms:
        raise OutsideError("Nobody was let in, so nothing can be compared.")
    late, late_unlimited = percentile(limited.rang_ms, 99), percentile(unlimited.rang_ms, 99)
    return Result(
        name=NAME,
        figures={
            "borne_calls_per_s": borne,
            "offered_calls_per_s": TIMES * borne,
            "pdd_p50_ms": percentile(limited.rang_ms, 50),
            "pdd_p99_ms": late,
            "pdd_p99_unlimited_ms": late_unlimited,
            "served": limited.accepted - limited.failed,
            "served_over_unlimited": round(
                (limited.accepted - limited.failed) / max(1, unlimited.accepted - unlimited.failed), 2
            ),
            "accepted_share": round(limited.accepted / limited.calls, 3),
            "refused_share": round(limited.refused / limited.calls, 3),
            "talks_cut": _cut(limited),
            "talks_cut_unlimited": _cut(unlimited),
            "failed": limited.failed,
            "failed_unlimited": unlimited.failed,
            "retransmitted": limited.retransmitted,
            "retransmitted_unlimited": unlimited.retransmitted,
        },
        goals={
            "pdd_p99_ms": ("<=", 1000),
            "served_over_unlimited": (">=", 1.0),
            "talks_cut": ("<=", 0),
            "failed": ("<=", 0),
        },
        notes=(
            f"{TIMES:g} times the highest rate borne, for {FLOOD_S:g} s, to a direct number; phones talk for 2 s.",
            "Post-dial delay: the first INVITE leaves to 180 Ringing; refused calls get 503 and are not in it.",
            "Failed: neither refused nor served: not picked up within 30 s, or no end of the call in 40 s more.",
        ),
    )


def _shown(found: Offered) -> str:
    late = f"{percentile(found.rang_ms, 99):g}" if found.rang_ms else "-"
    return f"{found.calls} calls, {found.refused} refused, {found.failed} failed, {late} ms p99, {_cut(found)} cut"
