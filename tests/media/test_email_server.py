"""The e-mail connector keeps the contract with a real Dovecot and a real Exim, and more that only mail has."""

import asyncio
import itertools
import secrets
from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from cti.database import Database
from cti.domain.ids import ContactId
from cti.errors import ConfigError, OutsideError
from cti.media.email_mailbox import MOST_UNACKNOWLEDGED
from cti.ports.media import Connector, Sending
from cti.store.messages import StoredMessages
from tests.media import accounts
from tests.media.contract import *  # noqa: F403 - the contract's tests run here
from tests.media.contract import answer, following, receiving
from tests.media.servers import MailServers
from tests.running import soon

pytestmark = pytest.mark.server


class Mail:
    """A mailbox of its own on the servers, and customers who write to it."""

    most_unacknowledged = MOST_UNACKNOWLEDGED

    def __init__(self, servers: MailServers, database: Database) -> None:
        self.servers = servers
        self.address = f"box{secrets.token_hex(4)}@centre.test"
        self.customer = "anna@customer.test"
        self.messages = StoredMessages(database)
        self._seen = servers.count(self.customer)
        self._numbers = itertools.count()

    def connector(self, **changed: object) -> Connector:
        return accounts.connector(accounts.account(self.servers, self.address, **changed), self.messages)

    def mail(self, text: str, *, answering: str = "", sender: str = "anna@customer.test") -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"Anna <{sender}>", self.address, "Help"
        mail["Message-ID"] = make_msgid(domain="customer.test")
        if answering:
            mail["In-Reply-To"] = mail["References"] = answering
        mail.set_content(text)
        return mail

    async def write(self, text: str, *, answering: str = "", sender: str = "anna@customer.test") -> None:
        mail = self.mail(text, answering=answering, sender=sender)
        await asyncio.to_thread(self.servers.put, self.address, mail.as_bytes())

    def _count(self) -> int:
        return self.servers.count(self.address)

    async def waiting(self) -> int:
        return await asyncio.to_thread(self._count)

    async def received(self) -> list[tuple[str, str]]:
        await soon(lambda: self.servers.count(self.customer) > self._seen, what="the customer gets mail")
        mails = (await asyncio.to_thread(self.servers.mails, self.customer))[self._seen :]
        return [(str(one["Message-ID"]), one.as_string()) for one in mails]

    async def interrupt(self) -> None:
        await asyncio.to_thread(self.servers.stop_one, "dovecot")
        await asyncio.to_thread(self.servers.start_dovecot)


@pytest.fixture
def medium(servers: MailServers, database: Database) -> Mail:
    return Mail(servers, database)


async def test_a_mail_on_the_wire_comes_in_and_is_moved_as_read_when_it_is_done(medium: Mail) -> None:
    connector = medium.connector()
    async with receiving(connector) as source:
        medium.servers.send(medium.mail("Hello"), sender="anna@customer.test", to=medium.address)
        incoming = await following(source)
        assert (incoming.subject, incoming.name) == ("Help", "Anna")
        assert medium.servers.count(medium.address) == 1
        await connector.acknowledge(incoming.key)
        assert medium.servers.count(medium.address) == 0
        assert medium.servers.count(medium.address, "Triune") == 1
    with medium.servers.mailbox(medium.address) as client:
        client.select("Triune")
        assert client.search(None, "SEEN")[1] == [b"1"]


async def test_new_numbers_for_the_mails_make_no_mail_new(medium: Mail) -> None:
    """UIDVALIDITY: what a server deals out anew must not tell mails apart."""
    connector = medium.connector()
    await medium.write("one")
    async with receiving(connector) as source:
        first = await following(source)
        medium.servers.stop_one("dovecot")
        medium.servers.renumber(medium.address)
        medium.servers.start_dovecot()
        await medium.write("two")
        second = await following(source)
        assert second.text.strip() == "two"
        await connector.acknowledge(first.key)
        await connector.acknowledge(second.key)
    assert await medium.waiting() == 0
    assert medium.servers.count(medium.address, "Triune") == 2


async def test_the_same_bytes_twice_in_the_folder_are_told_one_after_the_other_with_one_key(medium: Mail) -> None:
    connector = medium.connector()
    content = medium.mail("twins").as_bytes()
    medium.servers.put(medium.address, content)
    medium.servers.put(medium.address, content)
    async with receiving(connector) as source:
        first = await following(source)
        await connector.acknowledge(first.key)
        second = await following(source)
        await connector.acknowledge(second.key)
    assert first.key == second.key
    assert await medium.waiting() == 0


async def test_a_mail_that_grew_too_large_is_told_and_stays_in_the_mailbox(medium: Mail) -> None:
    connector = medium.connector(largest_mb=1)
    mail = medium.mail("Look at this")
    mail.add_attachment(b"\0" * 1_500_000, maintype="application", subtype="zip", filename="all.zip")
    medium.servers.put(medium.address, mail.as_bytes())
    async with receiving(connector) as source:
        incoming = await following(source)
        assert "too large" in incoming.text
        assert (incoming.subject, incoming.attachments) == ("Help", ())
        await connector.acknowledge(incoming.key)
    assert medium.servers.count(medium.address, "Triune") == 1


async def test_an_answer_from_another_server_s_thread_is_believed_from_the_same_address_only(medium: Mail) -> None:
    """Some servers write a Message-ID of their own over ours."""
    connector = medium.connector()
    sent = answer("first")
    await medium.messages.queue(sent, agent_id=None, at_ms=1)
    await medium.messages.settle(sent.key, Sending.SENT, reference="<rewritten@relay.test>")
    await medium.write("Thanks", answering="<rewritten@relay.test>")
    await medium.write("Let me in", answering="<rewritten@relay.test>", sender="eve@other.test")
    async with receiving(connector) as source:
        found = {one.address: one.continues for one in [await following(source), await following(source)]}
    assert found == {"anna@customer.test": ContactId("c7"), "eve@other.test": None}


async def test_a_guessed_reference_attaches_to_nothing(medium: Mail) -> None:
    connector = medium.connector()
    reference = await connector.send(answer("first"))
    forged = reference.replace("<c7.", "<c8.")
    assert forged != reference
    await medium.write("Me too", answering=forged)
    async with receiving(connector) as source:
        assert (await following(source)).continues is None


async def test_an_automatic_answer_to_nothing_of_ours_is_put_aside(medium: Mail) -> None:
    connector = medium.connector()
    away = medium.mail("I am on holiday")
    away["Auto-Submitted"] = "auto-replied"
    medium.servers.put(medium.address, away.as_bytes())
    async with receiving(connector) as source:
        await medium.write("A person")
        assert (await following(source)).text.strip() == "A person"
        await soon(lambda: medium.servers.count(medium.address, "Triune-ignored") == 1, what="it is put aside")


async def test_a_mail_that_comes_back_is_told_on_its_contact(medium: Mail) -> None:
    """Exim takes it, finds nobody, and reports so to the sender: us."""
    connector = medium.connector()
    sent = answer("first", "unknown@customer.test")
    await medium.messages.queue(sent, agent_id=None, at_ms=1)
    reference = await connector.send(sent)
    await medium.messages.settle(sent.key, Sending.SENT, reference=reference)
    async with receiving(connector) as source:
        report = await following(source)
    assert (report.continues, report.automatic) == (ContactId("c7"), True)
    (failed,) = await medium.messages.of_contact(ContactId("c7"))
    assert failed.sending is Sending.FAILED
    assert "No such user" in failed.problem


async def test_a_wrong_password_is_told_and_tried_again(medium: Mail) -> None:
    words = iter(["wrong", *["word of a test"] * 9])
    connector = accounts.connector(
        accounts.account(medium.servers, medium.address), medium.messages, secret=lambda _: next(words)
    )
    with pytest.raises(OutsideError, match="does not let us in"):
        await connector.send(answer("first"))
    assert await connector.send(answer("first"))


async def test_without_its_secret_nothing_is_sent(medium: Mail) -> None:
    def missing(name: str) -> str:
        raise ConfigError(f"The secret {name!r} is not set")

    connector = accounts.connector(accounts.account(medium.servers, medium.address), medium.messages, secret=missing)
    with pytest.raises(ConfigError, match="'mail' is not set"):
        await connector.send(answer("first"))


async def test_a_server_that_nobody_vouches_for_gets_no_password(medium: Mail) -> None:
    plain = accounts.account(medium.servers, medium.address)
    asked: list[str] = []

    def secret(name: str) -> str:
        asked.append(name)
        return "x"

    untrusted = plain.model_copy(update={"imap": plain.imap.model_copy(update={"ca": None})})
    connector = accounts.connector(untrusted, medium.messages, secret=secret)
    running = asyncio.ensure_future(connector.mailbox.run())
    await soon(lambda: "not trusted" in connector.mailbox.problem, what="the certificate is refused")
    running.cancel()
    assert not asked
