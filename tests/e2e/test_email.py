"""Mail comes in while the engine is killed again and again: each is one contact, and none is lost.

Counted by the test, in the mailbox and in the journal.
"""

import contextlib
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from cti.domain.facts import ContactQueued
from cti.domain.ids import Medium
from tests.media import mail_centre
from tests.media.mail_centre import SUPPORT
from tests.media.servers import MailServers
from tests.running import RunningCentre, eventually, free_port_base

pytestmark = [pytest.mark.asterisk, pytest.mark.server, pytest.mark.timeout(300)]

MAILS = 500
KILLS = 6
SECONDS = 120


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    running = MailServers()
    yield running
    running.remove()


@pytest.fixture(scope="module")
def own(servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    home = tmp_path_factory.mktemp("k") / "h"
    mail_centre.prepare(home, servers, acknowledge=False)
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


def deliver(servers: MailServers, numbers: range) -> None:
    """These mails over one connection, in the pace at which the server takes them."""
    with servers.session() as session:
        for number in numbers:
            sender = f"customer{number}@customer.test"
            head = f"From: Customer {number} <{sender}>\r\nTo: {SUPPORT}\r\nSubject: Request {number}\r\n"
            content = f"{head}Message-ID: <request{number}@customer.test>\r\n\r\nPlease help, number {number}.\r\n"
            session.sendmail(sender, [SUPPORT], content.encode())


def mails_told(centre: RunningCentre) -> int:
    return sum(isinstance(fact, ContactQueued) and fact.medium is Medium.EMAIL for _, fact in centre.facts())


def test_each_of_500_mails_is_one_contact_though_the_engine_is_killed_at_any_moment(
    own: RunningCentre, servers: MailServers
) -> None:
    chance = random.Random(7)
    told = []
    for kill in range(KILLS):
        before = mails_told(own)
        numbers = range(kill * MAILS // KILLS, (kill + 1) * MAILS // KILLS)
        sending = threading.Thread(target=deliver, args=(servers, numbers))
        sending.start()
        eventually(lambda: mails_told(own) > before, what="mail comes in", within_s=SECONDS)  # noqa: B023 - awaited in this round
        threading.Event().wait(chance.uniform(0, 0.3))  # nothing is waited for: the killing is to be at any moment
        pid = own.kill("engine")
        told.append(mails_told(own))
        sending.join(SECONDS)
        eventually(lambda: own.is_back("engine", after=pid), what="the engine is back", within_s=SECONDS)  # noqa: B023 - awaited in this round
    assert all(count < (kill + 1) * MAILS // KILLS for kill, count in enumerate(told)), "killed while mail came in"
    eventually(
        lambda: servers.count(SUPPORT) == 0 and servers.count(SUPPORT, "Triune") == MAILS,
        what="every mail is moved",
        within_s=SECONDS,
    )

    arrived = [fact for _, fact in own.facts() if isinstance(fact, ContactQueued) and fact.medium is Medium.EMAIL]
    assert len(arrived) == MAILS
    assert len({fact.source_key for fact in arrived}) == MAILS
    assert len({fact.address_key for fact in arrived}) == MAILS
    subjects = Counter(str(mail["Subject"]) for mail in servers.mails(SUPPORT, "Triune"))
    assert subjects == Counter(f"Request {number}" for number in range(MAILS))
    assert kept(own) == Counter(f"Request {number}" for number in range(MAILS))


def kept(centre: RunningCentre) -> Counter[str]:
    """Subjects of the messages that stand in the table, each with a contact of its own."""
    with contextlib.closing(sqlite3.connect(f"file:{centre.path}/triune.sqlite?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT subject, contact_id FROM messages").fetchall()
    assert len({contact_id for _, contact_id in rows}) == len(rows)
    return Counter(subject for subject, _ in rows)
