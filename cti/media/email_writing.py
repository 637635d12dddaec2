"""What is said to a customer → a mail. Pure.

Plain text only: what agents write has no form but lines, and text reaches every reader. Headers are built by the
standard library from checked parts, so that no line of a stranger's becomes one of ours.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from cti.domain.ids import Milliseconds
from cti.errors import OutsideError
from cti.media.email_reading import file_name
from cti.ports.media import Outgoing

_LONGEST_SUBJECT: Final = 250
_MOST_REFERENCES: Final = 30
"""Kept in a reply: the first, which began it, and the newest."""


def write(
    outgoing: Outgoing, *, sender: str, sender_name: str, message_id: str, at_ms: Milliseconds, automatic: bool
) -> EmailMessage:
    """The mail. Raises OutsideError for an address that no mail can have: it can never be sent."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=one_line(sender_name), addr_spec=sender)
        mail["To"] = Address(addr_spec=outgoing.address)
    except (ValueError, IndexError) as error:
        raise OutsideError(f"{outgoing.address!r} is no address that mail can be sent to.", transient=False) from error
    mail["Subject"] = one_line(outgoing.subject)[:_LONGEST_SUBJECT]
    mail["Date"] = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    mail["Message-ID"] = message_id
    if outgoing.in_reply_to:
        mail["In-Reply-To"] = one_line(outgoing.in_reply_to)
    thread = _thread(outgoing.references, outgoing.in_reply_to)
    if thread:
        mail["References"] = " ".join(map(one_line, thread))
    if automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["Precedence"] = "auto_reply"
    mail.set_content(
        outgoing.text.replace("\r\n", "\n").replace("\r", "\n") or "\n", charset="utf-8", cte=_encoding(outgoing.text)
    )
    for one in outgoing.attachments:
        kind, _, subkind = one.media_type.partition("/")
        if not (kind and subkind) or kind in ("multipart", "message"):
            kind, subkind = "application", "octet-stream"
        mail.add_attachment(one.content, maintype=kind, subtype=subkind, filename=file_name(one.name))
    return mail


def _encoding(text: str) -> str:
    """Plain where the lines are short and ASCII, else quoted where most letters are, else base64."""
    if text.isascii() and all(len(line) <= 900 for line in text.split("\n")):
        return "7bit"
    return "quoted-printable" if sum(map(str.isascii, text)) * 2 > len(text) else "base64"


def _thread(references: Sequence[str], in_reply_to: str) -> list[str]:
    whole = list(dict.fromkeys([*references, *([in_reply_to] if in_reply_to else [])]))
    return whole if len(whole) <= _MOST_REFERENCES else [whole[0], *whole[-_MOST_REFERENCES + 1 :]]


def one_line(text: str) -> str:
    """Without line breaks and other control characters, so that it stays one header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def answer_subject(subject: str) -> str:
    """`Re: …`, once."""
    bare = one_line(subject)
    return bare if bare.lower().startswith(("re:", "aw:", "sv:", "отв:", "на:")) else f"Re: {bare}".strip()
