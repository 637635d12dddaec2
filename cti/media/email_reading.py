"""A mail as it came over the wire → what is in it. Pure; slow for large ones, so it is called in a thread.

Theory of operation. Whoever knows the address can send anything here. So the mail is measured before it is parsed (the
parser's cost grows with lines × depth), each header and part is read by itself, and whatever fails is left out or shown
as it came. A mail that cannot be read at all is still a mail: its raw text becomes its attachment. Nothing raises.
"""

import contextlib
import email
import email.policy
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Final

from cti.media import email_html
from cti.ports.media import Attachment

LONGEST_TEXT: Final = 200_000
"""Characters of text that are shown; the whole of a longer one is attached."""
LONGEST_SUBJECT: Final = 500
MOST_ATTACHMENTS: Final = 50
MOST_REFERENCES: Final = 100
_MOST_LINES: Final = 2_000_000
_MOST_PARTS: Final = 400
_MOST_MULTIPARTS: Final = 40
_MOST_WORK: Final = 8_000_000
"""Lines × parts in parts: each line is compared with every boundary around it."""
_LARGEST_HEADER: Final = 256 * 1024
_LONGEST_NAME: Final = 120
UNREADABLE: Final = "unreadable.eml"

_FAILURES: Final = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard library's parser is known to raise on hostile mail."""
_REFERENCE: Final = re.compile(r"<[^<>\s]{1,250}>")
_MEDIA_TYPE: Final = re.compile(r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}$", re.ASCII)
_ADDRESS: Final = re.compile(r"^[^\s<>@,;:\\\"()\[\]]{1,64}@[^\s<>@,;:\\\"()\[\]]{1,190}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a mail holds; every text is a stranger's."""

    digest: str
    """Of all its bytes: the same mail has the same, wherever it is found."""
    sender: str = ""
    """Address in small letters; "" when there is none that could be answered."""
    sender_name: str = ""
    reply_to: str = ""
    """Where answers are wanted; "" when that is the sender."""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    """Cleaned."""
    message_id: str = ""
    references: tuple[str, ...] = ()
    """What it answers, the nearest first: In-Reply-To, then References from behind."""
    attachments: tuple[Attachment, ...] = ()
    readable: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    """Those that tell automatic mail from a person's, in small letters."""
    bounced: tuple[str, ...] = ()
    """Of a delivery report: the Message-IDs that stand in what is sent back."""
    report: str = ""
    """Of a delivery report: why, in the server's words."""


TELLING: Final = (
    *("auto-submitted", "precedence", "x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoresponder"),
    *("return-path", "list-id", "list-unsubscribe", "x-loop", "x-failed-recipients", "feedback-id"),
)
"""Headers that tell automatic mail from a person's."""


def read(raw: bytes) -> Mail:
    """What the mail holds."""
    digest = hashlib.sha256(raw).hexdigest()[:40]
    try:
        if not _is_bearable(raw):
            return _unreadable(raw, digest)
        return _read(email.message_from_bytes(raw, policy=email.policy.compat32), raw, digest)
    except _FAILURES:
        return _unreadable(raw, digest)


def read_header(raw: bytes) -> Mail:
    """What the header of a mail says, whose body was too large to be fetched."""
    return replace(read(raw[:_LARGEST_HEADER]), attachments=())


def _is_bearable(raw: bytes) -> bool:
    """Will parsing it cost no more than its size?"""
    head = raw.find(b"\r\n\r\n") if b"\r\n\r\n" in raw[: 2 * _LARGEST_HEADER] else raw.find(b"\n\n")
    small, lines = raw.lower(), raw.count(b"\n")
    return (
        (head if head >= 0 else len(raw)) <= _LARGEST_HEADER
        and lines <= _MOST_LINES
        and lines * (1 + small.count(b"multipart/")) <= _MOST_WORK
        and small.count(b"content-type:") <= _MOST_PARTS
        and small.count(b"multipart/") <= _MOST_MULTIPARTS
        and small.count(b"message/rfc822") <= _MOST_MULTIPARTS
    )


def _unreadable(raw: bytes, digest: str) -> Mail:
    """Its header may still say who wrote; the rest is attached as it came."""
    found = Mail(digest=digest)
    with contextlib.suppress(*_FAILURES):
        head = raw[:_LARGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0][:65_536]
        found = _read(email.message_from_bytes(head + b"\n\n", policy=email.policy.compat32), b"", digest)
    kept = Attachment(name=UNREADABLE, media_type="message/rfc822", content=raw)
    return replace(found, text="", html="", attachments=(kept,), readable=False)


def _read(message: "Message[str, str]", raw: bytes, digest: str) -> Mail:
    sender_name, sender = _first_address(message, "From")
    _, reply_to = _first_address(message, "Reply-To")
    parts = list(_leaves(message))
    texts = [_text(part) for part in parts if _is_body(part, "text/plain")]
    pages = [_text(part) for part in parts if _is_body(part, "text/html")]
    page = "\n".join(pages)
    text = "\n".join(texts).strip() or email_html.plain(page)
    attachments = [_attachment(part) for part in parts if not _is_body(part, "text/plain", "text/html")]
    if len(text) > LONGEST_TEXT:
        attachments.insert(
            0, Attachment(name="text.txt", media_type="text/plain", content=text.encode(errors="replace"))
        )
    if len(attachments) > MOST_ATTACHMENTS:
        whole = Attachment(name="whole.eml", media_type="message/rfc822", content=raw)
        attachments = [*attachments[:MOST_ATTACHMENTS], whole]
    is_report = message.get_content_type() == "multipart/report"
    return Mail(
        digest=digest,
        sender=sender,
        sender_name=sender_name,
        reply_to=reply_to if reply_to != sender else "",
        recipients=tuple(address for name in ("To", "Cc", "Delivered-To") for _, address in _addresses(message, name)),
        subject=_header(message, "Subject")[:LONGEST_SUBJECT],
        text=_legible(text[:LONGEST_TEXT]),
        html=email_html.cleaned(page) if page else "",
        message_id=next(iter(_REFERENCE.findall(_header(message, "Message-ID"))), ""),
        references=_references(message),
        attachments=tuple(one for one in attachments if one.content),
        headers={name: _header(message, name).lower()[:200] for name in TELLING if name in message},
        bounced=_bounced(raw) if is_report else (),
        report=_report(parts, text) if is_report else "",
    )


def _leaves(message: "Message[str, str]") -> Iterator["Message[str, str]"]:
    """The parts that hold something, in order; a mail in the mail is one."""
    if message.get_content_maintype() == "message" or not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _leaves(part)


def _is_body(part: "Message[str, str]", *kinds: str) -> bool:
    named = part.get_filename() is not None
    return part.get_content_type() in kinds and part.get_content_disposition() != "attachment" and not named


def _text(part: "Message[str, str]") -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else str(part.get_payload()).encode(errors="replace")
    return _decoded(content, part.get_content_charset() or "utf-8")


def _decoded(content: bytes, charset: str) -> str:
    """By its charset, else by the one that most mail has; never fails."""
    for name in (charset, "utf-8", "cp1252"):
        with contextlib.suppress(LookupError, ValueError):
            text = content.decode(name)
            if isinstance(text, str):
                return text
    return content.decode("utf-8", errors="replace")


def _legible(text: str) -> str:
    """Without control characters, and without those that turn the direction of what stands around them."""
    return "".join(
        letter
        for letter in text.replace("\r\n", "\n")
        if letter in "\n\t" or (unicodedata.category(letter) not in _UNSEEN and letter not in _TURNING)
    )


_UNSEEN: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates (Unicode Bidirectional Algorithm, 2): they go on past the end of their word."""


def _header(message: "Message[str, str]", name: str) -> str:
    """A header's words on one line."""
    try:
        words = "".join(
            part
            if isinstance(part, str)
            else _decoded(part, charset if charset not in (None, "unknown-8bit") else "utf-8")
            for part, charset in decode_header(str(message.get(name, "")))
        )
    except _FAILURES:
        words = str(message.get(name, ""))
    return " ".join(_one_line(words).split())


def _one_line(text: str) -> str:
    return "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)


def _addresses(message: "Message[str, str]", name: str) -> list[tuple[str, str]]:
    """Name and address of each, those only that could be written to."""
    try:
        found = getaddresses([str(value)[:10_000] for value in message.get_all(name, [])])
    except _FAILURES:
        return []
    decoded = [(_words(person), address.strip().lower()) for person, address in found[:MOST_REFERENCES]]
    return [(person, address) for person, address in decoded if _ADDRESS.match(address) and address.isprintable()]


def _words(encoded: str) -> str:
    lone: Message[str, str] = Message()
    lone["X"] = encoded.replace("\n", " ").replace("\r", " ")
    return _header(lone, "X")[:_LONGEST_NAME]


def _first_address(message: "Message[str, str]", name: str) -> tuple[str, str]:
    return next(iter(_addresses(message, name)), ("", ""))


def _references(message: "Message[str, str]") -> tuple[str, ...]:
    """Decoded: some programs write a long identifier as an encoded word, which RFC 2047 forbids."""
    nearest = _REFERENCE.findall(_header(message, "In-Reply-To"))
    before = _REFERENCE.findall(_header(message, "References"))
    return tuple(dict.fromkeys([*nearest, *reversed(before[-MOST_REFERENCES:])]))[:MOST_REFERENCES]


def _attachment(part: "Message[str, str]") -> Attachment:
    kind = part.get_content_type().lower()
    if part.get_content_maintype() == "message" and part.is_multipart():
        content = b"\n".join(inner.as_bytes() for inner in part.get_payload() if isinstance(inner, Message))
        otherwise = "mail.eml" if kind == "message/rfc822" else "report.txt"
        return Attachment(name=_file_name(part, otherwise), media_type=kind, content=content)
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else str(part.get_payload()).encode(errors="replace")
    if not _MEDIA_TYPE.match(kind):
        kind = "application/octet-stream"
    return Attachment(name=_file_name(part, "file"), media_type=kind, content=content)


def _file_name(part: "Message[str, str]", otherwise: str) -> str:
    try:
        given = part.get_filename()
    except _FAILURES:
        given = None
    return file_name(_words(given) if given else "", otherwise)


def file_name(given: str, otherwise: str = "file") -> str:
    """A stranger's name for a file, without path, control or direction characters, its ending kept."""
    base = re.split(r"[/\\]", given)[-1]
    seen = "".join(letter for letter in base if unicodedata.category(letter)[0] not in "CZ" or letter == " ")
    name = re.sub(r'[<>:"|?*]', "_", seen).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: _LONGEST_NAME - 11]}.{ending}" if stem else f"{otherwise}.{ending}"
    return name[:_LONGEST_NAME] or otherwise


# -- delivery reports (RFC 3464) ---------------------------------------------------------------------------------------


def _bounced(raw: bytes) -> tuple[str, ...]:
    """Message-IDs in what is sent back: of the mail that did not arrive."""
    body = raw.partition(b"\r\n\r\n")[2] or raw.partition(b"\n\n")[2]
    found = re.findall(rb"(?im)^message-id:\s*(<[^<>\s]{1,250}>)", body[:1_000_000])
    return tuple(dict.fromkeys(one.decode(errors="replace") for one in found))[:MOST_REFERENCES]


def _report(parts: list["Message[str, str]"], text: str) -> str:
    """The server's own line on why: for programs, else the one for people that has a status (RFC 3463) in it."""
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            found = re.search(r"(?im)^diagnostic-code:\s*(?:[a-z0-9-]+;)?\s*(.{1,400})", part.as_string())
            if found is not None:
                return _one_line(found[1]).strip()
    line = re.search(r"(?m)^.{0,300}\b[45]\.[0-9]{1,3}\.[0-9]{1,3}\b.{0,300}$", text)
    return _one_line(line[0]).strip() if line is not None else ""
