"""Asking a leader at its own address whether it leads, as `cti.store.lease` does before it claims.

One plain `GET /healthz`, with a deadline, and without a look at the certificate: whoever could answer in the leader's
place could only keep a standby waiting.
"""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

import msgspec

from cti.store.reign import Answer

LIMIT_S: Final = 1.0
_LARGEST: Final = 16 * 1024


class _Health(msgspec.Struct):
    """What of the answer counts."""

    epoch: int = 0
    leads: bool = False


async def ask(url: str, epoch: int) -> Answer:
    """What is heard at `url`: http or https, host and port. Never raises; takes at most `LIMIT_S`."""
    try:
        async with asyncio.timeout(LIMIT_S):
            told = await _get(url)
    except ConnectionRefusedError:
        return Answer.GONE
    except (OSError, TimeoutError, ValueError):
        return Answer.SILENT
    try:
        health = msgspec.json.decode(told, type=_Health)
    except msgspec.DecodeError:
        return Answer.GONE
    return Answer.LEADS if health.leads and health.epoch == epoch else Answer.GONE


async def _get(url: str) -> bytes:
    """The answer's body. Raises OSError, ValueError."""
    address = urlsplit(url)
    if address.hostname is None or address.port is None:
        raise ValueError(url)
    context = ssl.create_default_context() if address.scheme == "https" else None
    if context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=context)
    try:
        writer.write(f"GET /healthz HTTP/1.0\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        told = await reader.read(_LARGEST)
        while more := await reader.read(_LARGEST):
            told += more
            if len(told) > _LARGEST:
                raise ValueError("too long an answer")
    finally:
        writer.close()
    if not told:
        raise ConnectionResetError("no answer")
    return told.partition(b"\r\n\r\n")[2]
