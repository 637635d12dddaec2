"""The Message-IDs of what we send: each tells which contact it belongs to, and that we said so. Pure.

An answer that carries one in In-Reply-To or References belongs to that contact. The signature keeps anyone from
attaching his mail to another's contact by guessing a number, and holds within one project only. The rest of the
identifier derives from the message's key, so that one sent twice looks the same: receivers keep one of them (RFC 5322,
3.6.4: the same identifier is the same message).
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from itsdangerous import BadSignature, Signer

from cti.domain.ids import ContactId, ProjectId

_OURS: Final = re.compile(r"^<(c[0-9]{1,18})\.([0-9a-f]{12})\.([A-Za-z0-9_-]{20,64})@[^<>@\s]{1,200}>$", re.ASCII)


class References:
    """Makes and reads them with the centre's key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def make(self, contact_id: ContactId, *, project_id: ProjectId, key: str, domain: str) -> str:
        """The Message-ID for the message with this key; the same each time."""
        digest = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
        return f"<{self._signer(project_id).sign(f'{contact_id}.{digest}').decode()}@{domain}>"

    def contact(self, references: Iterable[str], *, project_id: ProjectId) -> ContactId | None:
        """The contact of the first that we signed for this project; None when there is none."""
        for reference in references:
            found = _OURS.match(reference)
            if found is None:
                continue
            try:
                self._signer(project_id).unsign(f"{found[1]}.{found[2]}.{found[3]}")
            except BadSignature:
                continue
            return ContactId(found[1])
        return None

    def _signer(self, project_id: ProjectId) -> Signer:
        # HMAC with SHA-1, as the library does by itself: short, so that the identifier stays on one line everywhere.
        return Signer(self._key, salt=f"triune.mail.{project_id}", sep=".", key_derivation="hmac")
