"""A campaign that really dials: agents who stay connected, the emulated carrier's people, and what the far side saw.

Here: the campaign's rules, its list, one run to its end, and the far side's account of it. Not here: what is measured
of it (`cti.bench.connect`), the centre (`cti.bench.stage`). The centre itself is asked for three things only: when its
list is done, who was put through to whom (the far side cannot know which phone belongs to which callee), and, from the
journal, for whom no agent was free.
"""

import asyncio
import csv
import itertools
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from cti.bench.stage import QUEUE
from cti.demo import campaign as invented
from cti.demo.agents import Agents, Span
from cti.demo.called import CalledLedger, Callee
from cti.demo.carrier import Carrier, Says, Seen, Step, Who
from cti.demo.desk import Desk
from cti.domain.facts import AssignmentOffered, CalleeQueued
from cti.errors import OutsideError
from cti.home import DemoAgent, Home
from cti.store import journal

KEY: Final = "bench"
MIX: Final = "1111772205589"
"""Last digits: six of ten answer, two of ten hang up by themselves, the rest are not reached in every way there is."""
CAP: Final = 0.03
RING_LIMIT_S: Final = 15
AGAIN_S: Final = 10
"""The busy and the congested are tried once more after so long."""
TWICE: Final = "09"
"""Last digits of the numbers that are to be dialled twice."""
WRAP_S: Final = 0.7
"""Longer than the far side needs to notice that a line has fallen silent: half a second."""
_LINES_LIMIT_S: Final = 60.0
_POLL_S: Final = 0.5


def adjust(centre: dict[str, Any]) -> None:
    """Put the campaign into a centre file."""
    centre["queues"][QUEUE]["wrap_up_limit_s"] = 30
    centre["campaigns"][KEY] = {
        "name": {"en": "Bench", "ru": "Bench"},
        "project": "telecom",
        "queue": QUEUE,
        "mode": "predictive",
        "law": "none",
        "cap_percent": CAP * 100,
        "window": "all",
        "lines": 100,
        "ring_limit_s": RING_LIMIT_S,
        "hours": {"weekly": {"mon-sun": "00:00-24:00"}},
        "retries": {
            "busy": {"after_s": AGAIN_S, "attempts": 2},
            "congestion": {"after_s": AGAIN_S, "attempts": 2},
            "no_answer": None,
            "abandoned": None,
        },
    }


@dataclass(slots=True, kw_only=True)
class Course:
    """What the far side saw of one run, and who was put through to whom."""

    ledger: CalledLedger = field(default_factory=CalledLedger)
    agents: int
    spoke: dict[str, list[float]] = field(default_factory=dict)
    """By extension: when the centre began to speak on this phone."""
    phone_of: dict[str, str] = field(default_factory=dict)
    """By the callee's number, in digits: his agent's extension."""
    contact_of: dict[str, str] = field(default_factory=dict)
    at_once: frozenset[str] = frozenset()
    """Contacts for whom an agent was free when they answered."""

    def take(self, seen: Seen) -> None:
        """One record of the carrier."""
        self.ledger.take(seen)
        if seen.who is Who.PHONE and seen.step is Step.SPEAKS:
            self.spoke.setdefault(seen.label, []).append(seen.at_s)

    def look(self, extension: str, desk: Desk) -> None:
        """A desktop, after each message."""
        for assignment in desk.assignments.values():
            if assignment.contact.medium == "voice":
                number = digits(assignment.contact.address)
                self.phone_of[number] = extension
                self.contact_of[number] = assignment.contact.contact_id

    def with_agent(self) -> list[Callee]:
        """The humans who had one."""
        return [one for one in self.ledger.callees.values() if one.is_human and one.agent_s is not None]

    def connect_s(self, callee: Callee) -> float | None:
        """From his answer until both heard each other; None when the agent never heard him."""
        extension = self.phone_of.get(digits(callee.number), "")
        if callee.answered_s is None or callee.spoken_to_s is None:
            return None
        until = callee.ended_s if callee.ended_s is not None else float("inf")
        heard = [at for at in self.spoke.get(extension, []) if callee.answered_s <= at <= until]
        return max(min(heard), callee.spoken_to_s) - callee.answered_s if heard else None

    def had_agent_at_once(self, callee: Callee) -> bool:
        """Whether one was free when he answered."""
        return self.contact_of.get(digits(callee.number)) in self.at_once

    def occupancy(self) -> float:
        """The share of the agents' time from the first answer to the last dial in which they talked or wrapped up."""
        every = list(self.ledger.callees.values())
        begin = min((one.answered_s for one in every if one.answered_s is not None), default=0.0)
        end = max((one.dialled_s for one in every), default=0.0)
        if end <= begin:
            return 0.0
        busy = 0.0
        for one in every:
            if one.agent_s is not None and one.ended_s is not None:
                busy += max(0.0, min(one.ended_s + WRAP_S, end) - max(one.agent_s, begin))
        return busy / (self.agents * (end - begin))

    def dialled_wrongly(self, numbers: Sequence[str]) -> list[str]:
        """Numbers that were not dialled exactly as the rules say, each with its count."""
        times: dict[str, list[float]] = {digits(number): [] for number in numbers}
        for one in self.ledger.callees.values():
            times.setdefault(digits(one.number), []).append(one.dialled_s)
        wrong = []
        for number, at in times.items():
            expected = 2 if number[-1] in TWICE else 1
            too_soon = any(later - earlier < AGAIN_S for earlier, later in itertools.pairwise(at))
            if len(at) != expected or too_soon:
                wrong.append(f"{number}: {len(at)}")
        return wrong

    def at_the_same_time(self) -> int:
        """How many numbers were dialled while a call to them stood."""
        found = 0
        standing: dict[str, float] = {}
        for one in sorted(self.ledger.callees.values(), key=lambda callee: callee.dialled_s):
            found += standing.get(one.number, 0.0) > one.dialled_s
            standing[one.number] = one.ended_s if one.ended_s is not None else float("inf")
        return found


async def run(
    home: Home,
    staff: Sequence[DemoAgent],
    numbers: Sequence[str],
    *,
    say: Callable[[str], None],
    talk: Span,
    limit_s: float,
) -> Course:
    """Have all these numbers dialled to the end. Raises OutsideError when that is not within `limit_s`."""
    course = Course(agents=len(staff))
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier(home))
        carrier.listen(course.take)
        await carrier.watch_called()
        await carrier.let_called_say(Says.TONE)
        instant = Span(shortest_s=0, longest_s=0)
        team = Agents(home.web_url, carrier, staff, ring=instant, talk=talk, wrap_s=WRAP_S, connected=True)
        for agent, desk in zip(staff, team.desks.all, strict=True):
            desk.changed = _looking(course, agent.extension)
        await stack.enter_async_context(team)
        async with asyncio.timeout(_LINES_LIMIT_S):
            await asyncio.gather(*(desk.until(_is_connected, limit_s=_LINES_LIMIT_S) for desk in team.desks.all))
        say(f"{len(staff)} agents are connected; {len(numbers)} leads are dialled")
        path = home.path / f"{KEY}.csv"
        await asyncio.to_thread(_write, path, numbers)
        await _cti("campaign", "import", KEY, str(path), "--home", str(home.path))
        await _cti("campaign", "start", KEY, "--home", str(home.path))
        await _finished(home, limit_s=limit_s)
    course.at_once = await asyncio.to_thread(_had_an_agent, home)
    return course


def _looking(course: Course, extension: str) -> Callable[[Desk], None]:
    return lambda desk: course.look(extension, desk)


def _is_connected(desk: Desk) -> bool:
    return desk.state is not None and desk.state.line == "up"


def numbers(count: int, *, seed: int = 1, mix: str = MIX) -> list[str]:
    """So many different numbers, with last digits drawn from `mix`."""
    return invented.numbers(count, seed=seed, mix=mix)


def _write(path: Path, numbers: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["number"])
        lines.writerows([number] for number in numbers)


async def _cti(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cti", *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise OutsideError(f"cti {' '.join(words)}: {output.decode(errors='replace')[-300:]}", transient=False)


async def _finished(home: Home, *, limit_s: float) -> None:
    """Wait until the centre says that its list is done, and nobody talks any more."""
    token = {"X-Triune-Token": home.secrets.engine_token}
    async with httpx.AsyncClient(base_url=f"{home.web_url}/api/v1", headers=token, trust_env=False) as http:
        view: dict[str, Any] = {}
        try:
            async with asyncio.timeout(limit_s):
                while not _is_done(view):
                    await asyncio.sleep(_POLL_S)
                    view = (await http.get(f"/campaigns/{KEY}")).json()
        except TimeoutError as error:
            raise OutsideError(f"The list is not done within {limit_s:g} s: {view.get('idle_sentence')}") from error


def _is_done(view: dict[str, Any]) -> bool:
    if not view or not view["progress"]["total"]:
        return False
    figures, progress = view["figures"], view["progress"]
    busy = sum(figures[key] for key in ("ringing", "waiting", "in_line", "talking", "wrapping_up"))
    return not busy and not progress["new"] + progress["trying"] + progress["retry"]


def _had_an_agent(home: Home) -> frozenset[str]:
    """Contacts that were offered by the event by which their callee was let in."""
    found: set[str] = set()
    for entry in journal.everything(home.journal):
        queued = {fact.contact_id for fact in entry.facts if isinstance(fact, CalleeQueued)}
        found |= {
            fact.contact_id for fact in entry.facts if isinstance(fact, AssignmentOffered) and fact.contact_id in queued
        }
    return frozenset(found)


def digits(number: str) -> str:
    """As carrier and desktop both write it."""
    return "".join(filter(str.isdigit, number))
