"""One mail account as `ports.media.Connector`: IMAP in, SMTP out. `tests/media/contract.py` holds it to the port.

What comes in is known by its bytes; what it answers is proven by a reference that we signed, or by answering, from the
address it went to, a Message-ID that we sent. What goes out has the same Message-ID however often it is sent: where the
connection breaks between the mail's end and the server's word, it is sent again, so it arrives at least once, and
whoever files mail by its Message-ID files it once.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from cti.config import Language, MailAccount, Text, Words
from cti.domain.ids import ContactId, Medium, Milliseconds, ProjectId, QueueId
from cti.errors import DatabaseDown, OutsideError
from cti.media import email_automatic, email_writing
from cti.media.email_automatic import Nature, Pace
from cti.media.email_mailbox import Mailbox, Received
from cti.media.email_reading import UNREADABLE, Mail
from cti.media.email_reference import References
from cti.media.email_sending import Sender
from cti.ports.media import Incoming, Messages, Outgoing, Sending
from cti.sandbox import Template

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_ACKNOWLEDGEMENTS: Final = 3
"""Of one sender in an hour."""
MOST_AUTOMATIC: Final = 60
"""Mails that a machine writes of its own accord, of one sender in an hour; more are put aside."""
_ACKNOWLEDGED: Final = ":ack:"
_LATER_S: Final = 1.0


class EmailAccount:
    """See `ports.media.Connector`."""

    def __init__(
        self,
        account: MailAccount,
        *,
        project_id: ProjectId,
        company: Words,
        references: References,
        messages: Messages,
        secret: Callable[[str], str],
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        """`company` is the project's name; `secret` reads one by its name, raises ConfigError."""
        self._account, self._project_id, self._company = account, project_id, company
        self._references, self._messages, self._now_ms = references, messages, now_ms
        self._own = frozenset(address.lower() for address in (account.address, *account.aliases))
        self._mailbox = Mailbox(
            account.imap,
            largest=account.largest_mb * 1_000_000,
            password=lambda: secret(account.imap.secret or ""),
            now_ms=now_ms,
        )
        self._sender = Sender(account.smtp, secret=secret)
        self._automatic = Pace(most=MOST_AUTOMATIC)
        self._acknowledged = Pace(most=MOST_ACKNOWLEDGEMENTS)
        self._unanswerable: set[str] = set()
        """Keys of what came from machines: nothing is answered to it by itself. Gone when it is acknowledged."""
        self.ignored = 0
        """Mails put aside."""

    @property
    def medium(self) -> Medium:
        """See `ports.media.Connector`."""
        return Medium.EMAIL

    @property
    def name(self) -> str:
        """See `ports.media.Connector`."""
        return self._account.key

    @property
    def account(self) -> MailAccount:
        """As it stands in the centre file."""
        return self._account

    @property
    def mailbox(self) -> Mailbox:
        """For metrics and checks."""
        return self._mailbox

    # -- in ----------------------------------------------------------------------------------------------------------

    async def receive(self) -> AsyncIterator[Incoming]:
        """See `ports.media.Connector`; at most `email_mailbox.MOST_UNACKNOWLEDGED` are handed out."""
        keeping = asyncio.get_running_loop().create_task(self._mailbox.run(), name=f"mailbox {self.name}")
        putting: set[asyncio.Task[None]] = set()
        try:
            while True:
                received = await self._next(keeping)
                incoming = await self._incoming(received)
                if incoming is not None:
                    yield incoming
                    continue
                task = asyncio.ensure_future(self._put_aside(received.mail.digest))
                putting.add(task)
                task.add_done_callback(putting.discard)
        finally:
            for task in (keeping, *putting):
                task.cancel()
            await asyncio.gather(keeping, *putting, return_exceptions=True)

    async def _next(self, keeping: asyncio.Task[None]) -> Received:
        """The next mail, unless the mailbox's task fails."""
        waiting = asyncio.ensure_future(self._mailbox.next())
        try:
            await asyncio.wait({waiting, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
            return waiting.result()
        finally:
            waiting.cancel()

    async def _put_aside(self, digest: str) -> None:
        """What becomes no contact; failed, it comes again with the next connection."""
        self.ignored += 1
        with contextlib.suppress(OutsideError):
            await self._mailbox.done(digest, folder=self._account.imap.ignored)

    async def acknowledge(self, key: str) -> None:
        """See `ports.media.Connector`."""
        await self._mailbox.done(key.rpartition(":")[2], folder=self._account.imap.done)
        self._unanswerable.discard(key)

    async def _incoming(self, received: Received) -> Incoming | None:
        """The mail as a request; None when it is to become none."""
        mail = received.mail
        nature = email_automatic.nature(mail, own=self._own)
        continues = await self._continued(mail)
        if not self._is_wanted(mail, nature, continues):
            log.info("a mail was put aside", extra={"action": "mail_ignored", "account": self.name, "nature": nature})
            return None
        key = f"{Medium.EMAIL}:{self.name}:{mail.digest}"
        if nature is not Nature.PERSONAL:
            self._unanswerable.add(key)
        if nature is Nature.BOUNCE and continues is not None:
            await self._note_bounce(mail)
        return Incoming(
            key=key,
            medium=Medium.EMAIL,
            project_id=self._project_id,
            queue_id=QueueId(self._account.queue),
            received_ms=received.received_ms,
            address=mail.reply_to or mail.sender,
            name=mail.sender_name,
            subject=mail.subject,
            language=self._language(mail),
            text=_shown(mail, whole=received.whole, folder=self._account.imap.done),
            html=mail.html if mail.readable else "",
            continues=continues,
            automatic=nature in (Nature.AUTO_REPLY, Nature.BOUNCE),
            reference=mail.message_id,
            attachments=mail.attachments,
        )

    def _is_wanted(self, mail: Mail, nature: Nature, continues: ContactId | None) -> bool:
        if nature is Nature.OURS:
            return False
        if nature in (Nature.AUTO_REPLY, Nature.BOUNCE):
            return continues is not None
        return nature is Nature.PERSONAL or self._automatic.lets(mail.sender, now_ms=self._now_ms())

    def _language(self, mail: Mail) -> str:
        """Russian where most letters are Cyrillic, English where they are Latin, else the account's."""
        letters = [letter for letter in (mail.subject + mail.text)[:4000] if letter.isalpha()]
        cyrillic = sum("Ѐ" <= letter <= "ӿ" for letter in letters)
        latin = sum(letter.isascii() for letter in letters)
        if cyrillic + latin < 20:
            return self._account.language
        return Language.RU if cyrillic > latin else Language.EN

    async def _continued(self, mail: Mail) -> ContactId | None:
        """The contact that the mail answers, as far as that is proven. Waits for a database that is away."""
        named = (*mail.references, *mail.bounced)
        signed = self._references.contact(named, project_id=self._project_id)
        if signed is not None:
            return signed
        for reference in named[:10]:
            referred = await _patiently(partial(self._messages.referred, reference))
            if referred is not None and referred.project_id == self._project_id and referred.address == mail.sender:
                return referred.contact_id
        return None

    async def _note_bounce(self, mail: Mail) -> None:
        """The mail that came back has not been delivered: its contact shows it."""
        for reference in mail.bounced:
            referred = await _patiently(partial(self._messages.referred, reference))
            if referred is not None and referred.project_id == self._project_id:
                problem = mail.report or "The customer's mail server sent it back."
                await _patiently(partial(self._messages.settle, referred.key, Sending.FAILED, problem=problem))

    # -- out ---------------------------------------------------------------------------------------------------------

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.media.Connector`."""
        sender = self._account.address
        reference = self._references.make(
            outgoing.contact_id,
            project_id=self._project_id,
            key=outgoing.key,
            domain=sender.rpartition("@")[2],
        )
        mail = await asyncio.to_thread(
            email_writing.write,
            outgoing,
            sender=sender,
            sender_name=self._account.name.in_language(self._account.language),
            message_id=reference,
            at_ms=self._now_ms(),
            automatic=_ACKNOWLEDGED in outgoing.key,
        )
        await self._sender.send(mail, sender=sender, recipient=outgoing.address)
        return reference

    def acknowledgement(self, contact_id: ContactId, incoming: Incoming) -> Outgoing | None:
        """What the customer is told at once, when the account says so and a person wrote; None: nothing."""
        text = self._account.acknowledge
        if text is None or incoming.key in self._unanswerable or not incoming.address:
            return None
        if not self._acknowledged.lets(incoming.address, now_ms=self._now_ms()):
            return None
        return Outgoing(
            key=f"{Medium.EMAIL}:{self.name}{_ACKNOWLEDGED}{incoming.key.rpartition(':')[2]}",
            medium=Medium.EMAIL,
            contact_id=contact_id,
            project_id=self._project_id,
            address=incoming.address,
            subject=email_writing.answer_subject(incoming.subject),
            text=self._rendered(text, contact_id, incoming),
            in_reply_to=incoming.reference,
            references=(incoming.reference,) if incoming.reference else (),
        )

    def _rendered(self, text: Text, contact_id: ContactId, incoming: Incoming) -> str:
        language = Language(incoming.language) if incoming.language in list(Language) else self._account.language
        return Template(text.in_language(language)).render(
            customer=incoming.name or incoming.address,
            agent=self._account.name.in_language(language),
            company=self._company.in_language(language),
            subject=email_writing.one_line(incoming.subject),
            number=contact_id.removeprefix("c"),
        )


def _shown(mail: Mail, *, whole: bool, folder: str) -> str:
    """The mail's text; for one that could not be read, or not be fetched, what the agent is to know instead."""
    if not whole:
        return f"This mail is too large to be shown here. It stands in the mailbox, in the folder {folder}."
    if not mail.readable:
        return f"This mail could not be read. It is attached as it came ({UNREADABLE})."
    return mail.text


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The database's answer, however long it is away: the mail waits in its folder meanwhile."""
    while True:
        try:
            return await ask()
        except DatabaseDown:
            await asyncio.sleep(_LATER_S)
