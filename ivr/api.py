"""One question to the engine's API: a POST with a deadline, known by the IVR's token.

`ivr.accounts` and `ivr.lost` ask; what they send is in no log and no exception.
"""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
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
        connection = self._connection()
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
            if not 200 <= response.status < 300:
                raise Refused(response.status)
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
