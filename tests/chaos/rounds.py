"""Rounds of chaos: customers come, something breaks, all becomes quiet, and the books must balance."""

import asyncio
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from cti.config import load
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier, SipPhone
from cti.home import DemoAgent
from cti.store.written import journal_of
from tests.chaos import books
from tests.chaos.books import Crowd
from tests.chaos.customers import StubbornAskers, StubbornVisitors
from tests.chaos.faults import FAULTS, ON_FILES, ON_POSTGRES, Fault, Ground
from tests.e2e.floor import hire
from tests.media import mail_centre
from tests.media.servers import MailServers
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon
from tests.soak.books import Reader
from tests.soak.customers import Callers, Stream, Writers, come_and_go
from tests.soak.idle import is_idle, unlike_idle
from tests.store.server import PostgresServer

AGENTS: Final = 8
COME_S: Final = 8.0
"""For so long customers come in each round."""
QUIET_S: Final = 240.0
"""How long until all is quiet again: phones register anew within two minutes."""
_RUSH_S: Final = 5.0
_RTP_TIMEOUT_S: Final = 10
_RAISED: Final = re.compile(r"(?m)^(?:\w+\.)*\w+(?:Error|Exception): .*")
"""The last line of a traceback."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run happens, with all that stands around the centre. `postgres`: see `Ground`."""

    centre: RunningCentre
    mail: MailServers
    postgres: PostgresServer | None
    folder: Path


@contextmanager
def place_of_its_own(folder: Path, *, on_postgres: bool, port_base: int = 0) -> Iterator[Place]:
    """A demo centre that reads mail, whose agents write letters between calls; loosely limited, for many rounds."""
    with ExitStack() as opened:
        mail = MailServers()
        opened.callback(mail.remove)
        kept: tuple[str, ...] = ()
        postgres = None
        if on_postgres:
            postgres = PostgresServer()
            opened.callback(postgres.remove)
            kept = ("--database", postgres.new_database(), "--journal", "database")
        home = folder / ("p" if on_postgres else "h")
        mail_centre.prepare(home, mail, acknowledge=False)
        _loosen(home / "centre.yaml")
        centre = RunningCentre(home, port_base=port_base or free_port_base(), extra=kept)
        opened.callback(centre.stop)
        opened.callback(centre.make_whole)
        yield Place(centre=centre.start(), mail=mail, postgres=postgres, folder=folder)


def _loosen(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in (
        (r"(?m)^default_capacity: \w+", "default_capacity: desk"),
        (r"(?m)^  rtp_timeout_s: \d+", f"  rtp_timeout_s: {_RTP_TIMEOUT_S}"),
        (r"(?m)^callback_pages:(.*)\n  telecom:\n", r"callback_pages:\1\n  telecom:\n    per_address_hour: 10000\n"),
    ):
        text, count = re.subn(old, new, text)
        assert count, old
    file.write_text(text, encoding="utf-8")
    load(file)


@dataclass
class Chaos:
    """A run: its place, its crowd, and what was found so far."""

    place: Place
    carrier: Carrier
    agents: Agents
    phones: Sequence[SipPhone]
    crowd: Crowd
    dice: random.Random
    say: Callable[[str], None]
    journal: Reader
    known: set[str] = field(default_factory=set)
    """What was found already: each is told in the round that did it."""
    bad: int = 0

    @property
    def centre(self) -> RunningCentre:
        return self.place.centre

    async def round(self, number: int, name: str) -> list[str]:
        """One fault under load; what is wrong afterwards that was not before."""
        begun_s, fault = time.monotonic(), FAULTS[name]
        before = len(self.centre.log("engine"))
        found = [*await self._play(fault), *await self._quiet()]
        day = await asyncio.to_thread(self.journal.read)
        found += [each for each in books.findings(self.crowd, day) if each not in self.known]
        found += sorted(set(_RAISED.findall(self.centre.log("engine")[before:])))
        self.known.update(found)
        self.bad += bool(found)
        took_s = time.monotonic() - begun_s
        self.say(f"{number:4} {name:30} {took_s:5.0f} s  {'; '.join(found) or 'all accounted for'}")
        return found

    async def _play(self, fault: Fault) -> list[str]:
        """Customers come, and meanwhile it breaks."""
        streams = [
            Stream(self.crowd.callers, per_s=0.5, rush=4),
            Stream(self.crowd.writers, per_s=0.4, rush=2),
            Stream(self.crowd.visitors, per_s=0.2, rush=2),
            Stream(self.crowd.askers, per_s=0.1, rush=1),
        ]
        ledger = self.crowd.callers.ledger
        served = ledger.count().served
        coming = asyncio.create_task(
            come_and_go(streams, for_s=COME_S, rush_every_s=_RUSH_S, limit_s=QUIET_S), name="customers"
        )
        found: list[str] = []
        try:
            wanted = self.dice.randint(1, 3)
            await soon(lambda: ledger.count().served >= served + wanted or coming.done(), what="talks are under way")
            at_s = time.monotonic()
            ground = Ground(
                centre=self.centre,
                postgres=self.place.postgres,
                carrier=self.carrier,
                folder=self.place.folder,
                dice=self.dice,
            )
            self.crowd.strangers += fault.strangers
            served_by = self.centre.pid("asterisk")
            await fault.act(ground)
            if fault.cuts:
                await soon(self.centre.is_whole, what="the centre is whole", within_s=QUIET_S)
                if self.centre.pid("asterisk") != served_by:  # else it has but blinked, and nothing may be cut
                    until_s = time.monotonic()
                    self.crowd.deaths.append((at_s, until_s))
                    await self._after_a_death(until_s)
        except (AssertionError, TimeoutError) as error:
            found.append(f"broken: {error}")
        try:
            await coming
        except* (AssertionError, TimeoutError) as errors:
            found += [f"customers: {error!r}" for error in errors.exceptions]
        return found

    async def _after_a_death(self, at_s: float) -> None:
        """Who hears nothing any more hangs up, and phones register anew, as real ones do within a minute."""
        entries = self.crowd.callers.ledger.entries.values()
        dead = [entry.order.label for entry in entries if entry.ended_s is None and entry.placed_s < at_s]
        legs = [leg for leg, since_s in self.crowd.open_legs.items() if since_s < at_s]
        await asyncio.gather(*map(self.carrier.hang_up, dead), *map(self.carrier.hang_up_called, legs))
        await self.carrier.register(self.phones)

    async def _quiet(self) -> list[str]:
        """Wait for it; whatever does not come to rest is told."""
        found: list[str] = []
        for what, is_so, otherwise in (
            ("mails", self._all_answered, self._unanswered),
            ("contacts", self._all_closed, self._open),
            ("agents", lambda: is_idle(self.agents), lambda: unlike_idle(self.agents)),
            ("channels", self._no_channel, lambda: self.centre.console("core show channels concise")),
            ("bridges", self._no_bridge, lambda: self.centre.console("bridge show all")),
        ):
            try:
                within_s = QUIET_S if what in ("contacts", "agents") else PATIENCE_S
                await soon(is_so, what=what, within_s=within_s)
            except AssertionError:
                found.append(f"stuck {what}: {otherwise().strip()[:600]}")
        return found

    def _all_answered(self) -> bool:
        return self.crowd.writers.answers() >= self.crowd.writers.sent

    def _unanswered(self) -> str:
        return f"{self.crowd.writers.answers()} of {self.crowd.writers.sent} are answered"

    def _all_closed(self) -> bool:
        return not any(told.live for told in self.journal.read().told.values())

    def _open(self) -> str:
        return str({str(medium): told.live for medium, told in self.journal.read().told.items() if told.live})

    def _no_channel(self) -> bool:
        return "0 active channels" in self.centre.console("core show channels count")

    def _no_bridge(self) -> bool:
        return not self.centre.console("bridge show all").splitlines()[1:]


@asynccontextmanager
async def chaos(place: Place, journal: Reader, *, seed: int, say: Callable[[str], None]) -> AsyncIterator[Chaos]:
    """Agents at work, and nobody there yet."""
    centre = place.centre
    staff: list[DemoAgent] = [agent for agent in centre.home().secrets.demo.agents if "101" <= agent.extension <= "106"]
    staff += await hire(centre, [str(extension) for extension in range(361, 361 + AGENTS - len(staff))])
    web = centre.endpoints().web
    talk = Span(shortest_s=books.SHORTEST_TALK_S, longest_s=5)
    async with Carrier(centre.home()) as carrier:
        ring = Span(shortest_s=0.4, longest_s=0.4)
        async with Agents(web, carrier, staff, ring=ring, talk=talk, wrap_s=0.3, writing_s=1.0) as agents:
            crowd = Crowd(
                callers=Callers(carrier, dice=random.Random(seed + 1), pattern="+7926{:06}1"),
                writers=Writers(place.mail),
                visitors=StubbornVisitors(web, dice=random.Random(seed + 2)),
                askers=StubbornAskers(web, carrier),
            )
            yield Chaos(
                place=place,
                carrier=carrier,
                agents=agents,
                phones=[SipPhone(extension=one.extension, secret=one.sip_password) for one in staff],
                crowd=crowd,
                dice=random.Random(seed),
                say=say,
                journal=journal,
            )


def draw(dice: random.Random, rounds: int, *, on_postgres: bool) -> list[str]:
    """Which faults, in which order: each as often as the others, but for one."""
    possible = sorted(ON_POSTGRES if on_postgres else ON_FILES)
    names: list[str] = []
    while len(names) < rounds:
        names += dice.sample(possible, len(possible))
    return names[:rounds]


async def play(place: Place, *, seed: int, names: Sequence[str]) -> int:
    """All rounds, told as they go; how many of them found something."""

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    store = "a file" if place.postgres is None else "PostgreSQL"
    say(f"seed {seed}, {len(names)} rounds, the journal in {store}, {os.cpu_count()} processors")
    with closing(Reader(journal_of(place.centre.path))) as journal:
        async with chaos(place, journal, seed=seed, say=say) as run:
            for number, name in enumerate(names, 1):
                await run.round(number, name)
            day = await asyncio.to_thread(run.journal.read)
            Console(width=150).print(books.table(run.crowd, day))
            say(f"{run.bad} of {len(names)} rounds found something")
            return run.bad
