"""Signed words that a visitor's page holds: the form's, which shows that a browser was there, and the promise's.

A form's ticket is made when the page asks for the form, and not good before somebody could have filled it in; its
number makes a second click the same request. A promise's ticket is all that it takes to look at, move or cancel one
callback; it holds the contact's id and nothing of the person. Nothing is kept on the server.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from cti.domain.ids import ContactId, Milliseconds

FORM_LIFE_MS: Final = 2 * 3_600_000
PROMISE_LIFE_MS: Final = 70 * 86_400_000
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that was given out."""

    number: str
    """Its own; random."""
    made_ms: Milliseconds


class Tickets:
    """Makes and reads both kinds; each is good for one page's key."""

    def __init__(self, *, signing_key: str) -> None:
        self._forms = URLSafeSerializer(signing_key, salt="triune.callback.form.1")
        self._promises = URLSafeSerializer(signing_key, salt="triune.callback.promise.1")

    def form(self, key: str, now: Milliseconds) -> str:
        """A new form's."""
        return str(self._forms.dumps([key, secrets.token_urlsafe(12), now]))

    def read_form(self, ticket: str, key: str, now: Milliseconds) -> Form | None:
        """What it says; None when it is not ours, not this page's, or too old."""
        try:
            of, number, made_ms = self._forms.loads(ticket[:_LONGEST])
        except (BadSignature, ValueError, TypeError):
            return None
        fresh = isinstance(made_ms, int) and now - FORM_LIFE_MS < made_ms <= now
        return Form(number=str(number), made_ms=made_ms) if of == key and fresh else None

    def promise(self, key: str, contact_id: ContactId, now: Milliseconds) -> str:
        """For one callback."""
        return str(self._promises.dumps([key, contact_id, now]))

    def read_promise(self, ticket: str, key: str, now: Milliseconds) -> ContactId | None:
        """Whose callback; None as `read_form`."""
        try:
            of, contact_id, made_ms = self._promises.loads(ticket[:_LONGEST])
        except (BadSignature, ValueError, TypeError):
            return None
        fresh = isinstance(made_ms, int) and now - PROMISE_LIFE_MS < made_ms
        return ContactId(str(contact_id)) if of == key and fresh else None


def is_done(form: str, answer: str, *, bits: int) -> bool:
    """Whether the sum was done: SHA-256 of the form's ticket, a dot and the answer begins with so many zero bits."""
    if not bits:
        return True
    digest = hashlib.sha256(f"{form}.{answer[:40]}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0
