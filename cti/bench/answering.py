"""A side that answers, on one UDP socket; the kernel says when each INVITE came, however busy this process is then.

As little SIP as a call needs: each INVITE is noted, and answered by taking it up after a while or by a refusal at once;
no audio is sent. For load there is SIPp (`cti.bench.sipp`).
"""

import asyncio
import contextlib
import itertools
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from cti.bench.registration import Registration
from cti.errors import OutsideError

BUSY: Final = "486 Busy Here"
_OK: Final = "200 OK"
_RINGING: Final = "180 Ringing"
_REQUEST: Final = re.compile(r"([A-Z]+) sips?:([^@;>\s]+)")
_STAMPED: Final = 35
"""Linux's SO_TIMESTAMPNS, and the kind of ancillary data that it adds: two longs, seconds and ns of the wall clock."""
_STAMP: Final = struct.Struct("@ll")
_LARGEST: Final = 65_535
_REGISTER_LIMIT_S: Final = 5.0
_KEPT: Final = ("via", "record-route", "from", "call-id", "cseq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An INVITE that came; seconds of the loop's clock."""

    at: float
    user: str
    """Whom it was for."""
    answered_at: "asyncio.Future[float]"
    """When it was answered, or refused."""


class Answering:
    """Made by `answering`. Requests of a dialog that stands are granted; CANCEL ends what was never answered."""

    def __init__(self, own: socket.socket, address: str, port: int, *, refusal: str | None, rings_s: float) -> None:
        self._socket = own
        self._me = f"{address}:{port}"
        self._address = address
        self._media = port + 2
        self._refusal = refusal
        self._rings_s = rings_s
        self._tags = itertools.count(1)
        self._known: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[Invited]] = {}
        self._registers = itertools.count(1)
        self._tries: dict[str, asyncio.Future[list[str]]] = {}

    async def register(self, user: str, secret: str, registrar: str) -> None:
        """Have calls for this user come here for a minute or two.

        Raises OutsideError when `registrar` (host:port) does not let it.
        """
        host, _, port = registrar.partition(":")
        registration = Registration(user=user, secret=secret, registrar=registrar, me=self._me)
        challenge = first = ""
        for _ in range(2):
            number = next(self._registers)
            answered = self._tries[registration.call_id] = asyncio.get_running_loop().create_future()
            self._socket.sendto(registration.request(number, challenge), (host, int(port)))
            try:
                first, *fields = await asyncio.wait_for(answered, _REGISTER_LIMIT_S)
            except TimeoutError:
                raise OutsideError(f"{registrar} does not answer the registration of {user}.") from None
            if first.startswith("SIP/2.0 200"):
                return
            challenge = next((line for line in fields if line.lower().startswith("www-authenticate:")), "")
        raise OutsideError(f"{registrar} refuses the registration of {user}: {first}.")

    def next_for(self, user: str) -> "asyncio.Future[Invited]":
        """The next INVITE for this user; to be asked before what brings it."""
        future: asyncio.Future[Invited] = asyncio.get_running_loop().create_future()
        self._waiting[user] = future
        return future

    def read(self) -> None:
        """Take what has come; the socket is readable."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, addr, age_s = receive(self._socket)
                self._received(data, addr, asyncio.get_running_loop().time() - age_s)

    def _received(self, data: bytes, addr: tuple[str, int], at: float) -> None:
        first, *lines = data.decode(errors="replace").partition("\r\n\r\n")[0].split("\r\n")
        found = _REQUEST.match(first)
        if found is None:
            self._answered(first, lines)
        if found is None or found[1] == "ACK":
            return
        fields = [(name.strip().lower(), line) for line in lines for name, _, _ in [line.partition(":")]]
        if found[1] == "INVITE":
            self._invited(found[2], fields, addr, at)
        else:
            self._reply(_OK, fields, addr)

    def _answered(self, first: str, lines: list[str]) -> None:
        call_id = next((line.partition(": ")[2] for line in lines if line.lower().startswith("call-id:")), "")
        tried = self._tries.pop(call_id, None)
        if tried is not None and not tried.done():
            tried.set_result([first, *lines])

    def _invited(self, user: str, fields: list[tuple[str, str]], addr: tuple[str, int], at: float) -> None:
        loop = asyncio.get_running_loop()
        answered_at: asyncio.Future[float] = loop.create_future()
        call_id = next(line for name, line in fields if name == "call-id")
        is_new = call_id not in self._known
        if is_new:
            self._known[call_id] = f"t{next(self._tags)}"
        tag = self._known[call_id]
        if self._refusal is None and is_new and self._rings_s:
            self._reply(_RINGING, fields, addr, tag=tag)
            loop.call_later(self._rings_s, self._answer, fields, addr, tag, answered_at)
        else:
            self._answer(fields, addr, tag, answered_at)
        waiting = self._waiting.pop(user, None) if is_new else None
        if waiting is not None and not waiting.done():
            waiting.set_result(Invited(at=at, user=user, answered_at=answered_at))

    def _answer(
        self, fields: list[tuple[str, str]], addr: tuple[str, int], tag: str, answered_at: "asyncio.Future[float]"
    ) -> None:
        body = self._session() if self._refusal is None else ""
        self._reply(self._refusal or _OK, fields, addr, tag=tag, body=body)
        answered_at.set_result(asyncio.get_running_loop().time())

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
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), addr)


def _age_s(ancillary: list[tuple[int, int, bytes]]) -> float:
    """How long ago the kernel had it; 0 where it does not say."""
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _STAMPED):
            seconds, nanoseconds = map(int, _STAMP.unpack(value[: _STAMP.size]))
            return max(0.0, (time.time_ns() - seconds * 1_000_000_000 - nanoseconds) / 1e9)
    return 0.0


@contextlib.contextmanager
def bound(address: str, port: int) -> Iterator[socket.socket]:
    """A UDP socket whose datagrams the kernel stamps, for `receive`. Raises OutsideError when the port is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, _STAMPED, 1)
        try:
            made.bind((address, port))
        except OSError as error:
            raise OutsideError(f"{address}:{port} is taken: {error.strerror}.") from error
        yield made


def receive(made: socket.socket) -> tuple[bytes, tuple[str, int], float]:
    """A datagram, whose it is, how many seconds ago the kernel had it. Raises BlockingIOError when there is none."""
    data, ancillary, _, addr = made.recvmsg(_LARGEST, socket.CMSG_SPACE(_STAMP.size))
    return data, addr, _age_s(ancillary)


@contextlib.asynccontextmanager
async def answering(
    address: str, *, port: int, refusal: str | None = None, rings_s: float = 0
) -> AsyncIterator[Answering]:
    """A socket that takes up every call after it rang for so long, or turns each away with this status at once.

    Raises OutsideError.
    """
    loop = asyncio.get_running_loop()
    with bound(address, port) as own:
        made = Answering(own, address, port, refusal=refusal, rings_s=rings_s)
        loop.add_reader(own, made.read)
        try:
            yield made
        finally:
            loop.remove_reader(own)
