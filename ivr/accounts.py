"""Asks the engine's API whether a PIN is right and how the account stands.

The only place beside the session where a PIN is held, and only while the question is under way: it is in no log, no
exception and no record. `ivr.call` asks; the answer becomes words in `ivr.words`.
"""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ivr.words import Outcome, Standing

PATH: Final = "/api/v1/ivr/accounts/check"
TOKEN_HEADER: Final = "X-Triune-Token"  # noqa: S105 - a header's name
LIMIT_S: Final = 2.0
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service said; `standing` with `OK` only."""

    outcome: Outcome
    standing: Standing | None = None


UNAVAILABLE: Final = Answer(outcome=Outcome.UNAVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The account service at one address."""

    url: str
    """`http://host:port` or https."""
    token: str
    certificate: Path | None = None
    """With https: the engine's own certificate, the only one that is trusted."""
    limit_s: float = LIMIT_S

    def check(self, account: str, pin: str) -> Answer:
        """Ask; back within `limit_s` whatever happens, UNAVAILABLE being the worst."""
        if not (pin.isascii() and pin.isdigit()):
            return Answer(outcome=Outcome.WRONG)  # a `*` among the digits is no PIN, and no try of the account's either
        try:
            return read(self._post(json.dumps({"account": account, "pin": pin}).encode()))
        except (OSError, http.client.HTTPException, ValueError):
            return UNAVAILABLE

    def _post(self, body: bytes) -> bytes:
        until = time.monotonic() + self.limit_s
        connection = self._connection()
        try:
            connection.request(
                "POST",
                PATH,
                body=body,
                headers={"Content-Type": "application/json", TOKEN_HEADER: self.token, "Connection": "close"},
            )
            line = connection.sock
            line.settimeout(_left(until))
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise http.client.HTTPException(str(response.status))
            content = b""
            while chunk := response.read1(_MOST_BYTES):
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise http.client.HTTPException("too long")
                line.settimeout(_left(until))
            return content
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme != "https":
            return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.limit_s)
        trust = ssl.create_default_context(cafile=self.certificate)
        if self.certificate is not None:
            # The very certificate is trusted, not a name: the IVR calls its own machine by address.
            trust.check_hostname = False
            trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=self.limit_s, context=trust)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def read(content: bytes) -> Answer:
    """The service's JSON as a record. Raises ValueError when it is not what was agreed."""
    answer: Any = json.loads(content)
    if not isinstance(answer, Mapping):
        raise ValueError("not an object")
    outcome = Outcome(str(answer.get("result")))
    if outcome is not Outcome.OK:
        # With no tries left the account is locked, whatever this try was.
        return Answer(outcome=Outcome.LOCKED if answer.get("tries_left") == 0 else outcome)
    ends_on = answer.get("ends_on")
    balance = answer.get("balance_minor")
    if not isinstance(balance, int):
        raise ValueError("no balance")
    standing = Standing(
        balance_minor=balance,
        currency=str(answer.get("currency") or "RUB"),
        status=str(answer.get("status") or ""),
        ends_on=date.fromisoformat(str(ends_on)) if ends_on else None,
        tariff=str(answer.get("tariff") or answer.get("kind") or ""),
    )
    return Answer(outcome=outcome, standing=standing)
