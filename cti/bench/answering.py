"""A side that answers, on one UDP socket of this process, whose clock then sees the INVITE arrive.

As little SIP as a call needs: each INVITE is noted and answered at once, by taking it up or by a refusal; no audio is
sent. For load there is SIPp (`cti.bench.sipp`).
"""

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from cti.errors import OutsideError

BUSY: Final = "486 Busy Here"
_OK: Final = "200 OK"
_REQUEST: Final = re.compile(r"([A-Z]+) sips?:([^@;>\s]+)")
_KEPT: Final = ("via", "record-route", "from", "call-id", "cseq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An INVITE that came; seconds of the loop's clock."""

    at: float
    user: str
    """Whom it was for."""
    answered_at: float


class Answering(asyncio.DatagramProtocol):
    """Made by `answering`. Requests of a dialog that stands are granted; CANCEL ends what was never answered."""

    def __init__(self, address: str, port: int, *, refusal: str | None) -> None:
        self._me = f"{address}:{port}"
        self._address = address
        self._media = port + 2
        self._refusal = refusal
        self._tags = itertools.count(1)
        self._known: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[Invited]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def next_for(self, user: str) -> "asyncio.Future[Invited]":
        """The next INVITE for this user; to be asked before what brings it."""
        future: asyncio.Future[Invited] = asyncio.get_running_loop().create_future()
        self._waiting[user] = future
        return future

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no subclass

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        at = asyncio.get_running_loop().time()
        first, *lines = data.decode(errors="replace").partition("\r\n\r\n")[0].split("\r\n")
        found = _REQUEST.match(first)
        if found is None or found[1] == "ACK":
            return
        fields = [(name.strip().lower(), line) for line in lines for name, _, _ in [line.partition(":")]]
        if found[1] == "INVITE":
            self._invited(found[2], fields, addr, at)
        else:
            self._reply(_OK, fields, addr)

    def _invited(self, user: str, fields: list[tuple[str, str]], addr: tuple[str, int], at: float) -> None:
        call_id = next(line for name, line in fields if name == "call-id")
        is_new = call_id not in self._known
        if is_new:
            self._known[call_id] = f"t{next(self._tags)}"
        if self._refusal is not None:
            self._reply(self._refusal, fields, addr, tag=self._known[call_id])
        else:
            self._reply(_OK, fields, addr, tag=self._known[call_id], body=self._session())
        waiting = self._waiting.pop(user, None) if is_new else None
        if waiting is not None and not waiting.done():
            answered_at = asyncio.get_running_loop().time()
            waiting.set_result(Invited(at=at, user=user, answered_at=answered_at))

    def _session(self) -> str:
        return "\r\n".join(
            [
                "v=0",
                f"o=bench 1 1 IN IP4 {self._address}",
                "s=-",
                f"c=IN IP4 {self._address}",
                "t=0 0",
                f"m=audio {self._media} RTP/AVP 0",
                "a=rtpmap:0 PCMU/8000",
                "",
            ]
        )

    def _reply(
        self, status: str, fields: list[tuple[str, str]], addr: tuple[str, int], *, tag: str = "", body: str = ""
    ) -> None:
        to = next(line for name, line in fields if name == "to")
        lines = [f"SIP/2.0 {status}", *(line for name, line in fields if name in _KEPT)]
        lines.append(f"{to};tag={tag}" if tag and ";tag=" not in to else to)
        lines.append(f"Contact: <sip:{self._me}>")
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        assert self._transport is not None
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), addr)


@contextlib.asynccontextmanager
async def answering(address: str, *, port: int, refusal: str | None = None) -> AsyncIterator[Answering]:
    """A socket that takes up every call at once, or turns each away with this status. Raises OutsideError."""
    loop = asyncio.get_running_loop()
    try:
        transport, made = await loop.create_datagram_endpoint(
            lambda: Answering(address, port, refusal=refusal), local_addr=(address, port)
        )
    except OSError as error:
        raise OutsideError(f"{address}:{port} is taken: {error.strerror}.") from error
    try:
        yield made
    finally:
        transport.close()
