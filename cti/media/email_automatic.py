"""Mail that no person wrote: automatic answers, delivery reports, lists, and our own that comes back. Pure.

Two machines that answer each other never end; so no mail that looks automatic is ever answered by the centre itself,
an automatic answer begins no contact, and what we sent is never taken in. Headers: RFC 3834, RFC 3464, and the ones
that Exchange and old vacation programs write.
"""

from collections import deque
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from cti.domain.ids import Milliseconds
from cti.media.email_reading import Mail

_HOUR_MS: Final = 3_600_000
_MOST_SENDERS: Final = 10_000
_MACHINES: Final = ("mailer-daemon@", "postmaster@", "no-reply@", "noreply@", "donotreply@", "do-not-reply@", "bounce")
_AUTOMATIC_PRECEDENCE: Final = frozenset({"bulk", "junk", "list", "auto_reply"})


class Nature(StrEnum):
    """What kind of mail it is."""

    PERSONAL = "personal"
    AUTOMATIC = "automatic"
    """Written by a machine of its own accord: a contact, never answered by the centre itself."""
    AUTO_REPLY = "auto_reply"
    """A machine's answer to a mail: no contact; what it answers hears of it."""
    BOUNCE = "bounce"
    """A report that a mail did not arrive."""
    OURS = "ours"
    """What we sent."""


def nature(mail: Mail, *, own: Collection[str]) -> Nature:
    """What kind of mail it is; `own` are our addresses, in small letters."""
    headers = mail.headers
    if mail.sender in own:
        return Nature.OURS
    if mail.bounced or mail.report or "x-failed-recipients" in headers:
        return Nature.BOUNCE
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip()
    if submitted == "auto-replied" or _answers_by_itself(mail):
        return Nature.AUTO_REPLY
    if headers.get("return-path", "").strip() == "<>":
        return Nature.BOUNCE if mail.sender.startswith(_MACHINES[:2]) else Nature.AUTO_REPLY
    automatic = (
        submitted != "no"
        or headers.get("precedence", "") in _AUTOMATIC_PRECEDENCE
        or "x-auto-response-suppress" in headers
        or "list-id" in headers
        or "list-unsubscribe" in headers
        or "feedback-id" in headers
        or mail.sender.startswith(_MACHINES)
    )
    return Nature.AUTOMATIC if automatic else Nature.PERSONAL


def _answers_by_itself(mail: Mail) -> bool:
    headers = mail.headers
    named = any(name in headers for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-loop"))
    return named or headers.get("precedence", "") == "auto_reply"


class Pace:
    """How many messages of one sender let through within an hour; bounded in senders, the oldest forgotten."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._seen: dict[str, deque[Milliseconds]] = {}

    def lets(self, sender: str, *, now_ms: Milliseconds) -> bool:
        """Is there room for one more of this sender? It is counted when there is."""
        seen = self._seen.setdefault(sender, deque())
        while seen and seen[0] <= now_ms - _HOUR_MS:
            seen.popleft()
        if len(self._seen) > _MOST_SENDERS:
            del self._seen[next(iter(self._seen))]
        if len(seen) >= self._most:
            return False
        seen.append(now_ms)
        return True
