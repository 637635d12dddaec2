"""A phone's REGISTER with digest authentication (RFC 3261 §10 and §22, RFC 2617), as text for `cti.bench.answering`."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

LASTS_S: Final = 3600
_PARAMETER: Final = re.compile(r'(\w+)="?([^",]+)"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who registers where, and from where."""

    user: str
    secret: str
    registrar: str
    """host:port"""
    me: str
    """host:port"""

    @property
    def call_id(self) -> str:
        """The same in every try."""
        return f"register-{self.user}@{self.me}"

    def request(self, number: int, challenge: str = "") -> bytes:
        """The try of this number, with the answer to the challenge of the one before (`WWW-Authenticate`)."""
        lines = [
            f"REGISTER {self._uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.me};branch=z9hG4bK-register-{self.user}-{number}",
            f"From: <sip:{self.user}@{self.registrar}>;tag=register",
            f"To: <sip:{self.user}@{self.registrar}>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} REGISTER",
            f"Contact: <sip:{self.user}@{self.me}>",
            f"Expires: {LASTS_S}",
            "Max-Forwards: 70",
            *([f"Authorization: {self._answer(challenge)}"] if challenge else []),
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    @property
    def _uri(self) -> str:
        return f"sip:{self.registrar}"

    def _answer(self, challenge: str) -> str:
        asked = dict(_PARAMETER.findall(challenge))
        realm, nonce, once = asked["realm"], asked["nonce"], secrets.token_hex(8)
        who, what = _md5(f"{self.user}:{realm}:{self.secret}"), _md5(f"REGISTER:{self._uri}")
        given = {"username": self.user, "realm": realm, "nonce": nonce, "uri": self._uri}
        if "opaque" in asked:
            given["opaque"] = asked["opaque"]
        given["response"] = _md5(
            f"{who}:{nonce}:00000001:{once}:auth:{what}" if "qop" in asked else f"{who}:{nonce}:{what}"
        )
        quoted = [f'{name}="{value}"' for name, value in given.items()]
        counted = [f'cnonce="{once}"', "nc=00000001", "qop=auth"] if "qop" in asked else []
        return "Digest " + ", ".join([*quoted, "algorithm=MD5", *counted])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
