"""Callers on one UDP socket of this process, whose clock then sees the INVITE leave: as little SIP as a call needs.

A call is answered by the centre and ended by it; no audio is sent, and what is received is for those who ask for it
(`cti.bench.music`). For load there is SIPp (`cti.bench.sipp`).
"""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator
from typing import Final, cast

from cti.bench.sipp import CALLERS

MEDIA: Final = 2
"""Offset of the port that audio is sent to."""


class Caller(asyncio.DatagramProtocol):
    """Made by `line`; `call` begins a call and all else goes by itself. An INVITE that is lost is not sent again."""

    def __init__(self, target: str, *, port: int) -> None:
        self._target = target
        self._port = port
        self._numbers = itertools.count(1)
        self._transport: asyncio.DatagramTransport | None = None

    def call(self, caller: str, number: str) -> None:
        """INVITE this number of the centre as this caller (E.164 with +)."""
        serial = next(self._numbers)
        me = f"{CALLERS}:{self._port}"
        body = "\r\n".join(
            [
                "v=0",
                f"o=bench 1 1 IN IP4 {CALLERS}",
                "s=-",
                f"c=IN IP4 {CALLERS}",
                "t=0 0",
                f"m=audio {self._port + MEDIA} RTP/AVP 0",
                "a=rtpmap:0 PCMU/8000",
                "",
            ]
        )
        self._send(
            f"INVITE sip:{number}@{self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP {me};branch=z9hG4bK-bench-{self._port}-{serial}",
            f'From: "bench" <sip:{caller}@{me}>;tag=t{serial}',
            f"To: <sip:{number}@{self._target}>",
            f"Call-ID: bench-{serial}@{me}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{caller}@{me}>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
            body=body,
        )

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no subclass

    def datagram_received(self, data: bytes, addr: object) -> None:
        first, *lines = data.decode(errors="replace").partition("\r\n\r\n")[0].split("\r\n")
        if first.startswith("SIP/2.0 200") and any(line == "CSeq: 1 INVITE" for line in lines):
            self._acknowledge(lines)
        elif first.startswith("BYE "):
            kept = [line for line in lines if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))]
            self._send("SIP/2.0 200 OK", *kept, "Content-Length: 0")

    def _acknowledge(self, lines: list[str]) -> None:
        fields = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        self._send(
            f"ACK sip:{self._target} SIP/2.0",
            f"Via: {fields['Via']}-ack",
            f"From: {fields['From']}",
            f"To: {fields['To']}",
            f"Call-ID: {fields['Call-ID']}",
            "CSeq: 1 ACK",
            "Max-Forwards: 70",
            "Content-Length: 0",
        )

    def _send(self, *lines: str, body: str = "") -> None:
        assert self._transport is not None
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


@contextlib.asynccontextmanager
async def line(target: str, *, port: int, media: socket.socket | None = None) -> AsyncIterator[Caller]:
    """A socket for callers towards `target` (host:port); audio is sent to the port two above.

    `media` is bound there already by one who wants to hear it; else it is left to the kernel to drop.
    """
    host, _, remote = target.partition(":")
    with contextlib.ExitStack() as stack:
        if media is None:
            unheard = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            unheard.bind((CALLERS, port + MEDIA))
        transport, caller = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Caller(target, port=port), local_addr=(CALLERS, port), remote_addr=(host, int(remote))
        )
        try:
            yield caller
        finally:
            transport.close()
