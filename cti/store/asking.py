"""Asking a leader at its own address whether it leads, as `cti.store.lease` does before it claims.

One plain `GET /healthz`, with a deadline, and without a look at the certificate: whoever could answer in the leader's
place could only keep a standby waiting. Which machine is which is known here, too: two on which the engine listens on
loopback, or which have one name, give the same address, and each would hear itself there.
"""

import asyncio
import hashlib
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from cti.store.reign import Answer

LIMIT_S: Final = 1.0
_LARGEST: Final = 16 * 1024


class _Health(msgspec.Struct):
    """What of the answer counts; every engine says both."""

    epoch: int
    leads: bool


def this_machine() -> str:
    """Tells machines apart, whatever their names: alike for all who share a loopback, until the next boot."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    network = Path("/proc/self/ns/net").readlink()
    return hashlib.sha256(f"{boot} {network}".encode()).hexdigest()[:16]


async def ask(url: str, epoch: int, *, elsewhere: bool) -> Answer:
    """What is heard at `url`: http or https, host and port. Never raises; takes at most `LIMIT_S`.

    `elsewhere`: the leader is on another machine, and if the address is one of this machine's own, nothing that is
    heard there but that he leads says anything of him.
    """
    try:
        async with asyncio.timeout(LIMIT_S):
            answer = await _answer(url, epoch)
            return Answer.SILENT if elsewhere and answer is Answer.GONE and await _is_here(url) else answer
    except (OSError, TimeoutError, ValueError):
        return Answer.SILENT


async def _is_here(url: str) -> bool:
    """Is it an address of this machine, or may it be? Raises OSError when the name cannot be resolved."""
    found = await asyncio.get_running_loop().getaddrinfo(urlsplit(url).hostname, 0, type=socket.SOCK_DGRAM)
    return any(_is_own(family, str(address[0])) for family, _, _, _, address in found)


def _is_own(family: int, address: str) -> bool:
    if ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
        return True


async def _answer(url: str, epoch: int) -> Answer:
    """As `ask`, of whoever is there. Raises OSError, ValueError."""
    try:
        told = await _get(url)
    except ConnectionRefusedError:
        return Answer.GONE
    try:
        health = msgspec.json.decode(told, type=_Health)
    except msgspec.DecodeError:
        return Answer.SILENT  # a proxy, or the leader's own server that is too busy to say more
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
