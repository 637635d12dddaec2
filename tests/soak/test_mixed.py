"""Calls, mails, chats and callbacks at once over ten agents or more, on a real Asterisk and real mail servers.

`TRIUNE_MIXED_S` says for how many seconds customers come and `TRIUNE_MIXED_RATE` how many calls in each: a minute at
one in two seconds when they say nothing, an hour at five under `make soak`. At the end the books must balance, every
offer must be explained, and nothing may be left behind; over a run of ten minutes or more nothing may grow.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from rich.console import Console

from cti.config import load
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier
from cti.demo.ledger import silent
from cti.engine.replay import replay
from cti.review import reading
from cti.store import journal
from cti.store.written import journal_of
from tests.e2e.floor import hire
from tests.media import mail_centre
from tests.media.servers import MailServers
from tests.running import PARTS, PATIENCE_S, RunningCentre, free_port_base, soon
from tests.soak import books
from tests.soak.customers import Askers, Callers, Stream, Visitors, Writers, come_and_go
from tests.soak.idle import is_idle, unlike_idle
from tests.soak.resources import Resources

SECONDS = float(os.environ.get("TRIUNE_MIXED_S", "60"))
pytestmark = [pytest.mark.asterisk, pytest.mark.server, pytest.mark.timeout(600 + 2 * SECONDS)]

RATE = float(os.environ.get("TRIUNE_MIXED_RATE", "0.5"))
"""Calls a second."""
TALK = Span(shortest_s=2, longest_s=5)
AGENTS = max(10, round(RATE * 7))
"""Rushes on top of it are to be carried too."""
SHOWN_S = 120.0
"""From so long a run on slopes are printed."""
FLAT_S = 600.0
"""From so long a run on they must be flat; the first fifth is left out."""
RUSH_EVERY_S = 20.0
_LAST_LIMIT_S = 300.0
"""How long the last customers may take to be served."""
_COUNTED = re.compile(r'^triune_contacts_(arrived|closed)_total\{\w+="\w+"\} ([0-9.e+]+)$', re.MULTILINE)
_TROUBLE = re.compile(r"Z (ERROR|CRITICAL) |^Traceback", re.MULTILINE)


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    running = MailServers()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def own(servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A demo centre that reads mail, whose agents write letters between calls."""
    home = tmp_path_factory.mktemp("m") / "h"
    mail_centre.prepare(home, servers, acknowledge=False)
    file = home / "centre.yaml"
    text, count = re.subn(r"(?m)^default_capacity: \w+", "default_capacity: desk", file.read_text(encoding="utf-8"))
    assert count == 1
    file.write_text(text, encoding="utf-8")
    load(file)
    running = RunningCentre(home, port_base=int(os.environ.get("TRIUNE_MIXED_PORT_BASE", "0")) or free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


@asynccontextmanager
async def team(own: RunningCentre, carrier: Carrier) -> AsyncIterator[Agents]:
    """`AGENTS` at work: the demo's for sales and support, and some hired."""
    demo = [agent for agent in own.home().secrets.demo.agents if "101" <= agent.extension <= "106"]
    hired = await hire(own, [str(extension) for extension in range(361, 361 + AGENTS - len(demo))])
    ring = Span(shortest_s=0.4, longest_s=0.4)
    web = own.endpoints().web
    async with Agents(web, carrier, [*demo, *hired], ring=ring, talk=TALK, wrap_s=0.3, writing_s=1.5) as agents:
        yield agents


async def counted(own: RunningCentre) -> tuple[int, int]:
    """Arrived and closed, as the engine counts them."""
    async with httpx.AsyncClient(base_url=own.endpoints().web, timeout=PATIENCE_S, trust_env=False) as client:
        text = (await client.get("/metrics")).raise_for_status().text
    found = {"arrived": 0, "closed": 0}
    for name, number in _COUNTED.findall(text):
        found[name] += int(float(number))
    return found["arrived"], found["closed"]


async def all_closed(own: RunningCentre, *, least: int) -> None:
    """Wait until as many as came, at least, have arrived, and all of them are over."""
    async with asyncio.timeout(_LAST_LIMIT_S):
        while True:
            arrived, closed = await counted(own)
            if arrived >= least and arrived == closed:
                return
            await asyncio.sleep(0.5)


async def test_the_books_balance_after_everything_came_at_once(
    own: RunningCentre, servers: MailServers, capsys: pytest.CaptureFixture[str]
) -> None:
    web = own.endpoints().web
    before = {part: own.pid(part) for part in PARTS}
    async with Carrier(own.home()) as carrier, team(own, carrier) as agents:
        callers, writers = Callers(carrier), Writers(servers)
        visitors, askers = Visitors(web), Askers(web, carrier)
        streams = [
            Stream(callers, per_s=RATE, rush=10),
            Stream(writers, per_s=0.5, rush=8),
            Stream(visitors, per_s=0.3, rush=5),
            Stream(askers, per_s=0.15, rush=1),
        ]
        resources = Resources(own)
        sampling = asyncio.create_task(resources.watch())
        try:
            await come_and_go(streams, for_s=SECONDS, rush_every_s=RUSH_EVERY_S, limit_s=_LAST_LIMIT_S)
        except BaseExceptionGroup:
            with capsys.disabled():
                print(*resources.slopes(warm_s=SECONDS / 5), sep="\n")  # what was seen until then
            raise
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
        assert sampling.cancelled(), "samples were taken until the end"
        came = len(callers.ledger.entries) + writers.sent + visitors.begun + len(askers.promised)
        await all_closed(own, least=came)
        try:
            await soon(lambda: is_idle(agents), what="every agent is ready, with nothing in hand")
        except AssertionError:
            raise AssertionError(f"stuck: {unlike_idle(agents)}") from None
        await soon(lambda: not own.console("bridge show all").splitlines()[1:], what="no bridge is left")
        await soon(lambda: "0 active channels" in own.console("core show channels count"), what="no channel is left")
        await soon(lambda: writers.answers() >= writers.sent, what="every mail is answered")
        assert {part: own.pid(part) for part in PARTS} == before, "no part has died"
    day = await asyncio.to_thread(books.Reader(journal_of(own.path)).read)
    found, odd = await asyncio.to_thread(
        books.lines, day, callers=callers, writers=writers, visitors=visitors, askers=askers
    )
    report = await asyncio.to_thread(reading.audit, journal_of(own.path))
    again = await asyncio.to_thread(replay, lambda: journal.everything(own.home().journal))
    count = callers.ledger.count()
    slopes = list(resources.slopes(warm_s=SECONDS / 5)) if SECONDS >= SHOWN_S else []
    notes = (
        *map(str, slopes),
        f"{SECONDS:g} s, {RATE:g} calls a second, {AGENTS} agents",
        f"{askers.put_off} times a callback's asker was told to try again later: more to do than the engine can",
        f"at most {day.most_waiting} waited and {day.most_at_work} were served at once",
        f"auditor: {report.offers} offers, {report.unexplained} unexplained; passed by: {dict(report.overtakings)}",
        f"decided again: {len(again.differences)} differences in {again.decisions} decisions",
        f"{count.heard_both_ways} of {count.served} callers and their agents heard each other",
        f"longest way to an agent {count.longest_wait_s:.1f} s",
    )
    with capsys.disabled():
        print()
        books.show(found, notes, Console(width=160))
    assert odd == []
    assert report.unexplained == 0, report.findings
    assert not again.differences
    assert SECONDS < FLAT_S or not [str(slope) for slope in slopes if slope.grows]
    assert not silent(callers.ledger, shortest_s=2.0), "both sides of a talk heard each other"
    trouble = [line for line in own.log("engine").splitlines() if _TROUBLE.search(line)]
    assert trouble == []
