"""What mail's routes stand on: messages, files, accounts, and the answer that is made of what an agent wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cti.config import Centre, Language, MailAccount, Text
from cti.domain.ids import ContactId, Medium, ProjectId
from cti.errors import RuleError
from cti.ports.media import Attachment, Direction, Message, Messages, Outgoing, Uploads
from cti.sandbox import Template
from cti.web import days
from cti.web.mail_messages import FileView, MessageView, NewAnswer, ReadyAnswer
from cti.web.roster import Roster

_QUOTED_LINES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDesk:
    """Given to the routes by `cti.wiring`."""

    messages: Messages
    uploads: Uploads
    queued: Callable[[Outgoing], None]
    """Hears of what is to be sent now; never blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a ready answer may name."""

    customer: str
    agent: str
    subject: str
    contact_id: ContactId
    project_id: ProjectId


def account_of(centre: Centre, thread: Sequence[Message], project_id: ProjectId) -> MailAccount | None:
    """The account that the thread came to, else the project's first; None when it has none."""
    own = [one for one in centre.mail.values() if centre.queues[one.queue].project == project_id]
    by_name = {account.key: account for account in own}
    for message in reversed(thread):
        medium, _, rest = message.key.partition(":")
        if medium == Medium.EMAIL and (found := by_name.get(rest.partition(":")[0])) is not None:
            return found
    return next(iter(own), None)


def recipients(thread: Sequence[Message], otherwise: str) -> list[str]:
    """Who wrote, the newest first; else whom the contact is about."""
    wrote = [one.address for one in reversed(thread) if one.direction is Direction.IN and one.address]
    return list(dict.fromkeys([*wrote, *([otherwise] if "@" in otherwise else [])]))


def outgoing(
    given: NewAnswer,
    *,
    account: MailAccount,
    thread: Sequence[Message],
    names: Names,
    centre: Centre,
    files: Sequence[Attachment],
) -> Outgoing:
    """The answer whole: what the agent wrote, the account's signature, and what it answers."""
    answered = next(
        (one for one in reversed(thread) if one.direction is Direction.IN and one.address == given.to), None
    )
    language = Language(given.language)
    parts = [given.text.rstrip(), *signature(account, language, names, centre)]
    if given.quote and answered is not None:
        parts.append(_quoted(answered, language, days.zone(centre)))
    return Outgoing(
        key=f"{Medium.EMAIL}:{account.key}:{names.contact_id}:{given.key}",
        medium=Medium.EMAIL,
        contact_id=names.contact_id,
        project_id=names.project_id,
        address=given.to,
        subject=given.subject,
        text="\n\n".join(parts) + "\n",
        in_reply_to=answered.reference if answered is not None else "",
        references=tuple(one.reference for one in thread if one.reference),
        attachments=tuple(files),
    )


def signature(account: MailAccount, language: Language, names: Names, centre: Centre) -> list[str]:
    """What is put under an answer, behind the line that mail readers know it by."""
    if account.signature is None:
        return []
    return [f"-- \n{rendered(account.signature, language, names, centre)}"]


def ready_answers(centre: Centre, names: Names, *, reader: str) -> list[ReadyAnswer]:
    """The project's, with this contact's names in them; one that cannot be rendered is left out."""
    found = []
    for answer in centre.answers.values():
        if answer.project != names.project_id:
            continue
        try:
            texts = {language.value: rendered(answer.text, language, names, centre) for language in Language}
        except RuleError:
            continue
        title = answer.name.in_language(Language.RU if reader == Language.RU else Language.EN)
        found.append(ReadyAnswer(id=answer.key, title=title, text=texts))
    return found


def rendered(text: Text, language: Language, names: Names, centre: Centre) -> str:
    """The text with the contact's names. Raises RuleError when they make it too long."""
    return _compiled(text.in_language(language)).render(
        customer=names.customer,
        agent=names.agent,
        company=centre.projects[names.project_id].name.in_language(language),
        subject=names.subject,
        number=names.contact_id.removeprefix("c"),
    )


_compiled = lru_cache(maxsize=1000)(Template)
"""To compile one takes milliseconds, and a page shows all of its project's."""


async def thread(desk: MailDesk | None, contact_id: ContactId, roster: Roster) -> list[MessageView]:
    """What was said on a contact without a call, as a page shows it."""
    return [] if desk is None else [message_view(one, roster) for one in await desk.messages.of_contact(contact_id)]


def message_view(message: Message, roster: Roster) -> MessageView:
    """As a page shows it."""
    return MessageView(
        message_id=message.message_id,
        contact_id=message.contact_id,
        direction=message.direction.value,
        at_ms=message.at_ms,
        agent=roster.name(message.agent_id),
        address=message.address,
        subject=message.subject,
        text=message.text,
        html=message.html,
        sending=message.sending.value if message.sending is not None else None,
        problem=message.problem,
        files=[FileView(file_id=one, name=name, size=size) for one, name, _, size in message.attachments],
    )


def _quoted(message: Message, language: Language, zone: ZoneInfo) -> str:
    """The message answered, as mail readers quote."""
    at = datetime.fromtimestamp(message.at_ms / 1000, tz=zone).strftime("%d.%m.%Y %H:%M")
    head = f"{at}, {message.address}:"
    lines = message.text.split("\n")[:_QUOTED_LINES]
    return "\n".join([head, *(f"> {line}" if line and not line.startswith(">") else f">{line}" for line in lines)])
