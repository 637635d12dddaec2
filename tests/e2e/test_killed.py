"""The engine is killed while mail pours in and a hundred dials are in flight: each mail one contact, no lead twice.

Counted by the mailbox, the emulated carrier and the journal. While there is no engine, people pick up, are told sorry
by the dialplan and count as abandoned; agents' lines stay up and are taken over.
"""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cti.demo.called import CalledLedger
from cti.demo.campaign import numbers
from cti.demo.carrier import Seen, Step, Who
from cti.domain.campaign import AGAIN_MS
from cti.domain.facts import AttemptEnded, ContactQueued, LeadDialled
from cti.domain.ids import DialResult, LeadId, Medium
from tests.e2e.dialling import CAMPAIGN, Dialling, cti, dialling, write_list
from tests.e2e.floor import hire
from tests.media import mail_centre
from tests.media.mail_centre import SUPPORT
from tests.media.servers import MailServers
from tests.running import RunningCentre, free_port_base, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.server, pytest.mark.timeout(300)]

MAILS = 500
LEADS = 150
IN_FLIGHT = 100
MIX = "55555577710"
"""Most ring for long, some pick up after twelve seconds, a few at once."""
SILENCE_S = 6.0
"""The dialplan lets a callee wait three seconds for an agent whose engine has died; the rest is for a busy machine."""
EXTENSIONS = [str(number) for number in range(451, 457)]


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    running = MailServers()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def own(servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    home = tmp_path_factory.mktemp("k") / "h"
    mail_centre.prepare(home, servers, acknowledge=False)
    _let_many_ring(home / "centre.yaml")
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


def _let_many_ring(centre_file: Path) -> None:
    """A hundred lines for six agents, whatever that does to those called; and nobody is tried again by rule."""
    text = centre_file.read_text(encoding="utf-8")
    for old, new in (
        ("    cap_percent: 3 ", "    cap_percent: 100 "),
        ("    lines: 40\n", f"    lines: {IN_FLIGHT}\n    ring_limit_s: 20\n"),
        (
            "retries: {busy: {after_s: 60, attempts: 2}, no_answer: {after_s: 300, attempts: 2}}",
            "retries: {busy: null, no_answer: null, congestion: null, abandoned: null}",
        ),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    centre_file.write_text(text, encoding="utf-8")


@dataclass
class Watched:
    """What the carrier saw of callees and agents' phones."""

    ledger: CalledLedger = field(default_factory=CalledLedger)
    phones_rung: Counter[str] = field(default_factory=Counter)

    def take(self, seen: Seen) -> None:
        self.ledger.take(seen)
        if seen.who is Who.PHONE and seen.step is Step.RINGING:
            self.phones_rung[seen.label] += 1

    def in_flight(self) -> int:
        callees = self.ledger.callees.values()
        return sum(one.agent_s is None and one.ended_s is None for one in callees)

    def picked_up(self, last_digit: str) -> int:
        """How many of these."""
        callees = self.ledger.callees.values()
        return sum(one.number[-1] == last_digit and one.answered_s is not None for one in callees)

    def told_sorry(self, *, since_s: float) -> int:
        """Who has picked up since then and was told something."""
        callees = self.ledger.callees.values()
        picked_up = [one for one in callees if one.answered_s is not None and one.answered_s > since_s]
        return sum(one.spoken_to_s is not None for one in picked_up)


def deliver(servers: MailServers) -> None:
    with servers.session() as session:
        for number in range(MAILS):
            sender = f"customer{number}@customer.test"
            head = f"From: Customer {number} <{sender}>\r\nTo: {SUPPORT}\r\nSubject: Request {number}\r\n"
            content = f"{head}Message-ID: <request{number}@customer.test>\r\n\r\nPlease help, number {number}.\r\n"
            session.sendmail(sender, [SUPPORT], content.encode())


async def test_the_engine_is_killed_while_mail_pours_in_and_a_hundred_dials_are_in_flight(
    own: RunningCentre, servers: MailServers, tmp_path: Path
) -> None:
    called = numbers(LEADS, seed=4, mix=MIX, first=40_000)
    staff = await hire(own, EXTENSIONS, skill="sales")
    seen = Watched()
    async with dialling(own, staff, called) as made:
        made.carrier.listen(seen.take)
        await made.carrier.watch_called()
        desks = made.agents.desks.all
        await soon(lambda: all(desk.state and desk.state.line == "up" for desk in desks), what="all are connected")
        path = str(write_list(tmp_path / "list.csv", called))
        await asyncio.to_thread(cti, own, "campaign", "import", CAMPAIGN, path)
        await asyncio.to_thread(cti, own, "campaign", "start", CAMPAIGN)
        await soon(lambda: seen.picked_up("7") > 2, what="people pick up in numbers")
        sending = threading.Thread(target=deliver, args=(servers,))
        sending.start()
        await soon(lambda: servers.count(SUPPORT, "Triune") > 0, what="mail comes in")
        await soon(lambda: seen.in_flight() >= IN_FLIGHT - 10, what="a hundred dials are in flight")

        with own.held_back():
            seen.phones_rung.clear()
            pid = own.kill("engine")
            died_s = time.monotonic()
            assert servers.count(SUPPORT, "Triune") < MAILS, "killed while mail came in"
            await soon(lambda: seen.told_sorry(since_s=died_s) > 0, what="the dialplan answers for the engine")
        await soon(lambda: own.is_back("engine", after=pid), what="another engine")
        await asyncio.to_thread(sending.join)
        await soon(lambda: _is_through(made), what="every lead was tried", within_s=120)
        await soon(lambda: servers.count(SUPPORT, "Triune") == MAILS, what="every mail is moved", within_s=120)
        await soon(lambda: not any(desk.assignments for desk in desks), what="every talk is over and wrapped up")
        assert all(desk.state and (desk.state.readiness, desk.state.line) == ("ready", "up") for desk in desks)
        assert servers.count(SUPPORT) == 0

        _check_mails(own)
        _check_leads(own, seen, set(called))
        assert not seen.phones_rung, "the lines were taken over, not rung again"


def _is_through(made: Dialling) -> bool:
    progress, figures = made.view()["progress"], made.view()["figures"]
    return bool(progress["total"]) and not (progress["new"] or progress["trying"] or figures["talking"])


def _check_mails(centre: RunningCentre) -> None:
    """Each is one contact."""
    arrived = [fact for _, fact in centre.facts() if isinstance(fact, ContactQueued) and fact.medium is Medium.EMAIL]
    assert len(arrived) == MAILS
    assert len({fact.source_key for fact in arrived}) == len({fact.address_key for fact in arrived}) == MAILS


def _check_leads(centre: RunningCentre, seen: Watched, called: set[str]) -> None:
    """None is lost, none is dialled twice but those whose attempt was none; whoever picked up is accounted for."""
    dialled: dict[LeadId, list[LeadDialled]] = defaultdict(list)
    ended: dict[LeadId, list[AttemptEnded]] = defaultdict(list)
    for _, fact in centre.facts():
        if isinstance(fact, LeadDialled):
            dialled[fact.lead.lead_id].append(fact)
        elif isinstance(fact, AttemptEnded):
            ended[fact.lead_id].append(fact)
    assert len(dialled) == LEADS, "nobody is lost"
    for lead_id, dials in dialled.items():
        ends = ended[lead_id]
        assert [fact.dial_id for fact in ends] == [fact.dial_id for fact in dials], "every attempt has its end"
        for before, again in zip(ends, dials[1:], strict=False):
            assert before.result in (DialResult.LOST, DialResult.GIVEN_UP)
            assert again.at_ms >= before.at_ms + AGAIN_MS
    results = Counter(fact.result for ends in ended.values() for fact in ends)
    callees = seen.ledger.callees.values()
    rung = Counter(one.number for one in callees)
    assert {number.lstrip("+") for number in rung} <= {number.lstrip("+") for number in called}
    extra = sum(len(dials) - 1 for dials in dialled.values())
    assert sum(rung.values()) - len(rung) <= extra, "the carrier says so too"
    answered = sum(one.answered_s is not None for one in callees)
    assert results[DialResult.CONNECTED] + results[DialResult.ABANDONED] == answered, results
    unheard = seen.ledger.count().abandoned - results[DialResult.ABANDONED]
    assert unheard in (0, 1), "but for one who is put through at the very instant of the death, the books agree"
    assert seen.ledger.count().longest_wait_s < SILENCE_S, "nobody is left in silence until another engine comes"
