"""A campaign at work on the running demo centre, and the emulated carrier's own count of what it saw of it."""

import asyncio
import csv
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier, Seen, Step, Who
from cti.home import DemoAgent
from tests.running import PATIENCE_S, RunningCentre

CAMPAIGN: Final = "spring"
CAP: Final = 0.03


@dataclass
class Ledger:
    """What the carrier saw of the people whom the centre called, number by number."""

    among: frozenset[str]
    steps: Counter[tuple[str, Step]] = field(default_factory=Counter)
    heard: set[str] = field(default_factory=set)
    """Legs on which an agent was heard."""
    answered: int = 0
    abandoned: int = 0
    worst: float = 0.0
    """Abandoned of answered at the worst moment."""
    breaches: int = 0
    """Moments at which it was above the cap."""

    def take(self, seen: Seen) -> None:
        """One thing that the carrier saw."""
        if seen.who is not Who.CALLED or seen.label not in self.among:
            return
        self.steps[seen.label, seen.step] += 1
        if seen.step is Step.ANSWERED:
            self.answered += 1
        elif seen.step is Step.HEARD:
            self.heard.add(seen.leg)
        elif seen.step is Step.ENDED and seen.leg not in self.heard and self.steps[seen.label, Step.ANSWERED]:
            self.abandoned += 1
            rate = self.abandoned / self.answered
            self.worst = max(self.worst, rate)
            self.breaches += rate > CAP

    def count(self, step: Step) -> int:
        """How often that happened, of all numbers."""
        return sum(count for (_, each), count in self.steps.items() if each is step)

    def most(self, step: Step) -> int:
        """How often it happened to one number, at most."""
        return max((count for (_, each), count in self.steps.items() if each is step), default=0)


@dataclass
class Dialling:
    """Agents who stay connected, and the campaign's own account over the API."""

    centre: RunningCentre
    carrier: Carrier
    agents: Agents
    ledger: Ledger

    def view(self) -> dict[str, Any]:
        """The campaign as supervisors see it."""
        found: dict[str, Any] = self.ask("GET", f"/campaigns/{CAMPAIGN}")
        return found

    def ask(self, method: str, path: str) -> Any:
        home = self.centre.home()
        answer = httpx.request(
            method,
            f"{self.centre.endpoints().web}/api/v1{path}",
            headers={"X-Triune-Token": home.secrets.engine_token},
            timeout=PATIENCE_S,
            trust_env=False,
        )
        assert answer.is_success, answer.text
        return answer.json()

    def leads(self) -> list[dict[str, Any]]:
        """The leads of this test's list, as the API tells them."""
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.ask("GET", f"/campaigns/{CAMPAIGN}/leads?limit=200&after={after}"):
            found += page
            after = page[-1]["row"]
        bare = {number.lstrip("+") for number in self.ledger.among}
        return [lead for lead in found if "".join(filter(str.isdigit, lead["number"])) in bare]


def cti(centre: RunningCentre, *words: str) -> str:
    """What a command of `cti` on this home says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "cti", *words, "--home", str(centre.path)],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_list(path: Path, numbers: Sequence[str]) -> Path:
    """A CSV list of these numbers, with a name and a column for the agent."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["number", "name", "plan"])
        lines.writerows([number, f"Lead {number[-6:]}", f"Plan {place % 3}"] for place, number in enumerate(numbers))
    return path


@asynccontextmanager
async def dialling(
    centre: RunningCentre, staff: Sequence[DemoAgent], numbers: Sequence[str], *, talk: str = "1-2"
) -> AsyncIterator[Dialling]:
    """These agents, ready and connected; the campaign is paused and its list withdrawn before and after."""
    ledger = Ledger(among=frozenset(numbers))
    async with Carrier(centre.home()) as carrier:
        carrier.listen(ledger.take)
        agents = Agents(
            centre.endpoints().web,
            carrier,
            staff,
            ring=Span(shortest_s=0, longest_s=0),
            talk=Span.parse(talk),
            wrap_s=0.1,
            connected=True,
        )
        made = Dialling(centre=centre, carrier=carrier, agents=agents, ledger=ledger)
        await asyncio.to_thread(_rest, made)
        async with agents:
            try:
                yield made
            finally:
                await asyncio.to_thread(_rest, made)


def _rest(made: Dialling) -> None:
    made.ask("POST", f"/campaigns/{CAMPAIGN}/pause")
    made.ask("POST", f"/campaigns/{CAMPAIGN}/withdraw")
