"""One question to the engine's API: a POST with a deadline, known by the IVR's token.

An engine that is the standby of one on another machine names that one, and it is asked there.

`ivr.accounts` and `ivr.lost` ask; what they send is in no log and no exception.
"""

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

TOKEN_HEADER: Final = "X-Triune-Token"  # noqa: S105 - a header's name
LIMIT_S: Final = 2.0
_MOST_BYTES: Final = 65_536

FAILURES: Final = (OSError, http.client.HTTPException, ValueError)
"""What `Api.post` and reading its answer may raise."""


class Refused(http.client.HTTPException):
    """The engine answered, and did not do it."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class _StandsBy(Refused):
    """Another engine leads."""

    def __init__(self, status: int, leader: str) -> None:
        super().__init__(status)
        self.leader = leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The engine at one address."""

    url: str
    """`http://host:port` or https."""
    token: str
    certificate: Path | None = None
    """With https: the engine's own certificate, the only one that is trusted."""
    limit_s: float = LIMIT_S

    def post(self, path: str, body: Mapping[str, object]) -> bytes:
        """The answer's content; back within `limit_s` whatever happens. Raises one of `FAILURES`."""
        until = time.monotonic() + self.limit_s
        try:
            return self._post(self.url, path, body, until=until)
        except _StandsBy as standing:
            return self._post(standing.leader, path, body, until=until)

    def _post(self, url: str, path: str, body: Mapping[str, object], *, until: float) -> bytes:
        connection = self._connection(url, limit_s=_left(until))
        try:
            connection.request(
                "POST",
                path,
                body=json.dumps(body).encode(),
                headers={"Content-Type": "application/json", TOKEN_HEADER: self.token, "Connection": "close"},
            )
            line = connection.sock
            line.settimeout(_left(until))
            response = connection.getresponse()
            content = b""
            while chunk := response.read1(_MOST_BYTES):
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise http.client.HTTPException("too long")
                line.settimeout(_left(until))
            if not 200 <= response.status < 300:
                raise _refusal(response.status, content, asked=url)
            return content
        finally:
            connection.close()

    def _connection(self, url: str, *, limit_s: float) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        if parts.scheme != "https":
            return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=limit_s)
        trust = ssl.create_default_context(cafile=self.certificate)
        if self.certificate is not None:
            # The very certificate is trusted, not a name: the IVR calls its own machine by address.
            trust.check_hostname = False
            trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=limit_s, context=trust)


def _refusal(status: int, content: bytes, *, asked: str) -> Refused:
    """What an answer that is none comes to. A standby's word for who leads counts, if that is as safe a way as ours."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        with contextlib.suppress(ValueError):
            said = json.loads(content)
            leader = said.get("leader") if isinstance(said, dict) and said.get("code") == "standby" else None
            if isinstance(leader, str) and leader != asked and urlsplit(leader).scheme == urlsplit(asked).scheme:
                return _StandsBy(status, leader)
    return Refused(status)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
