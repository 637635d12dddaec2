"""`connect`: live answer → both hear each other, through the whole product, in a predictive campaign that really dials.

A centre of the benchmark's own, agents whose phones are kept up, and the emulated carrier's people, who sound a tone
as soon as they pick up. The carrier notes when each answers, when he is first spoken to, that it was an agent's tone,
and when the agent's phone begins to hear. The same run is the dialer's: the carrier counts who was abandoned, at each
moment, and whether every number was dialled exactly as the rules say. Called by `cti.bench.commands`.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from cti.bench import live, stage
from cti.bench.live import Course
from cti.bench.result import Result, percentile
from cti.demo.agents import Span
from cti.errors import OutsideError

NAME: Final = "connect"
AGENTS: Final = 12
LEADS: Final = 560
TALK: Final = Span(shortest_s=2, longest_s=3)
LIMIT_S: Final = 480.0

Say = Callable[[str], None]


async def measure(say: Say, *, port_base: int = stage.PORT_BASE) -> Result:
    """Run the benchmark, some four minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {AGENTS} agents, and the emulated carrier")
    async with stage.running(agents=AGENTS, port_base=port_base, carrier=True, adjust=live.adjust) as centre:
        numbers = live.numbers(LEADS)
        course = await live.run(centre.home, centre.people, numbers, say=say, talk=TALK, limit_s=LIMIT_S)
    return result(course, numbers)


def result(course: Course, numbers: Sequence[str]) -> Result:
    """The figures of one run. Raises OutsideError when nobody was connected."""
    connected = course.with_agent()
    took = {one.number: took for one in connected if (took := course.connect_s(one)) is not None}
    at_once = [took[one.number] * 1000 for one in connected if one.number in took and course.had_agent_at_once(one)]
    if not at_once:
        raise OutsideError("Nobody who answered was put through to an agent.")
    every = [taken * 1000 for taken in took.values()]
    count, moments = course.ledger.count(), course.ledger.moments()
    breaches = sum(abandoned > live.CAP * answered for abandoned, answered in moments)
    return Result(
        name=NAME,
        figures={
            "p50_ms": round(median(at_once), 1),
            "p99_ms": round(percentile(at_once, 99), 1),
            "max_ms": round(max(at_once), 1),
            "calls": len(at_once),
            "unheard": len(connected) - len(took),
            "waited": len(every) - len(at_once),
            "with_those_who_waited_p99_ms": round(percentile(every, 99), 1),
            "dials": count.dialled,
            "live_answers": count.humans,
            "abandoned": count.abandoned,
            "abandon_rate": round(count.abandon_rate, 4),
            "worst_moment_abandon_rate": round(max((lost / answered for lost, answered in moments), default=0.0), 4),
            "breaches": breaches,
            "told_late": count.told_late,
            "dialled_wrongly": len(course.dialled_wrongly(numbers)),
            "dialled_twice_at_once": course.at_the_same_time(),
            "occupancy": round(course.occupancy(), 3),
        },
        goals={
            "p99_ms": ("<=", 300),
            "calls": (">=", 300),
            "unheard": ("<=", 0),
            "dials": (">=", 500),
            "breaches": ("<=", 0),
            "told_late": ("<=", 0),
            "dialled_wrongly": ("<=", 0),
            "dialled_twice_at_once": ("<=", 0),
        },
        notes=(
            "Of those for whom an agent was free when they answered; a few wait for one, 2 s at most.",
            "Instants, dials and abandoned calls are the carrier's; desktops only say who talks on which phone.",
            f"Talks of 2-3 s and {live.WRAP_S:g} s of wrap-up; a list of {len(numbers)}, the busy dialled twice.",
        ),
    )
