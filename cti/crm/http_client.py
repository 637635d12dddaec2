"""One HTTP exchange with a CRM: JSON in, JSON out, within bounds. Nothing here knows what the answer means.

The connections are httpcore's, kept for the next look-up. No redirect is followed (an interface answers itself),
nothing compressed is accepted (so that a small answer cannot unfold into a large one), at most `SIZE_LIMIT` bytes are
read.
"""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import httpcore
import msgspec

from cti.crm.http_guard import GuardedNetwork
from cti.errors import OutsideError

SIZE_LIMIT: Final = 256 * 1024
_CONNECTIONS: Final = 8
_KEPT_S: Final = 60.0
_PAUSE_LIMIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    data: object
    """The JSON; None where the status says that there is none."""


class NotUnderstood(OutsideError):
    """It answered, but not in a way that could be used."""


class TooBusy(OutsideError):
    """It asks to be left alone for `retry_after_s`."""


class JsonClient:
    """Connections to one CRM."""

    def __init__(self, *, trusted: Collection[str], deadline_s: float) -> None:
        """`deadline_s` bounds each of connecting, sending and reading; who calls bounds the whole."""
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEPT_S,
            ssl_context=_tls(),
            network_backend=GuardedNetwork(trusted=trusted),
        )
        self._bounds = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), deadline_s)}

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        """Send and read. Raises OutsideError; NotUnderstood for an answer that is none of ours, TooBusy for 429, 503.

        An answer of another status comes back as it is, without data.
        """
        given = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "triune"}
        given.update(headers)
        try:
            async with self._pool.stream(
                method, url, headers=[*given.items()], content=content, extensions=self._bounds
            ) as response:
                return await _read(response)
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise OutsideError(f"{_host(url)} does not answer in time.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise OutsideError(f"{_host(url)} cannot be reached: {str(error) or type(error).__name__}.") from error

    async def close(self) -> None:
        """End the connections."""
        await self._pool.aclose()


async def _read(response: httpcore.Response) -> Answer:
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    status = response.status
    if 300 <= status < 400:
        to = urlsplit(headers.get(b"location", "")).hostname or "another address"
        raise NotUnderstood(f"It sends on to {to} ({status}), which is not followed: write the final address.")
    if status in (429, 503) and (pause := headers.get(b"retry-after", "")).isdigit():
        raise TooBusy(f"It asks for a pause ({status}).", retry_after_s=min(float(pause[:9]), _PAUSE_LIMIT_S))
    if status not in (200, 201):
        return Answer(status=status, data=None)
    kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise NotUnderstood(f"It answers with {kind[:60] or 'nothing named'} instead of application/json.")
    if headers.get(b"content-encoding", "identity") != "identity":
        raise NotUnderstood("It answers compressed though it was asked not to.")
    body = bytearray()
    async for part in response.aiter_stream():
        body += part
        if len(body) > SIZE_LIMIT:
            raise NotUnderstood(f"It answers with more than {SIZE_LIMIT // 1024} KiB.")
    try:
        return Answer(status=status, data=msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstood("Its answer is no JSON.") from error


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Made once, at the start: reading every authority takes long enough to be felt on the loop."""
    return httpcore.default_ssl_context()


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the CRM"
