"""Callers who listen: a call each that waits in a queue, and when each sounding packet of its music came.

The kernel stamps the packets, so that a busy process does not invent gaps. A packet of silence is sent now and then:
one who sends nothing at all is taken for dead by the centre. What counts as sound is decided on the µ-law samples: a
packet that carries silence is as good as none to the one who listens.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from cti.bench import answering, caller
from cti.bench.sipp import CALLERS

PORTS_EACH: Final = 4
"""Signalling, and two above it the audio."""
_RTP_HEADER: Final = 12
_QUIET: Final = 8
"""Mean of the µ-law magnitudes (0 to 127) up to which 20 ms are silence; noise of a quiet line is below."""
_KEPT: Final = 20_000
_SILENCE_EVERY_S: Final = 1.0
_BUFFER_BYTES: Final = 4 << 20
"""So that a second of this process's own work costs no packet."""


class Listener:
    """One who waits and listens. Made by `listening`."""

    def __init__(self, media: socket.socket) -> None:
        self._media = media
        self._sounds: deque[float] = deque(maxlen=_KEPT)
        self._sent = 0
        self._sent_at = 0.0

    @property
    def hears(self) -> bool:
        """Has he heard anything yet?"""
        return bool(self._sounds)

    def sounds_at(self, at: float) -> None:
        """A sounding packet came; seconds of the loop's clock, in order."""
        self._sounds.append(at)

    def longest_gap_s(self, since: float, until: float) -> float:
        """The longest stretch of [since, until] in which no sound came; seconds of the loop's clock."""
        marks = [since, *(at for at in self._sounds if since <= at <= until), until]
        return max(later - sooner for sooner, later in itertools.pairwise(marks))

    def read(self) -> None:
        """Take what has come; the socket is readable."""
        now = asyncio.get_running_loop().time
        with contextlib.suppress(BlockingIOError):
            while True:
                data, source, age_s = answering.receive(self._media)
                if sounds(data[_RTP_HEADER:]):
                    self.sounds_at(now() - age_s)
                if now() - self._sent_at > _SILENCE_EVERY_S:
                    self._sent, self._sent_at = self._sent + 1, now()
                    self._media.sendto(silence(self._sent), source)


def silence(number: int) -> bytes:
    """20 ms of µ-law silence as the RTP packet of this number (RFC 3550)."""
    header = struct.pack("!BBHLL", 0x80, 0, number & 0xFFFF, number * 160, 1)
    return header + b"\xff" * 160


def sounds(samples: bytes) -> bool:
    """Are these µ-law samples more than silence?"""
    return bool(samples) and sum(~sample & 0x7F for sample in samples) > _QUIET * len(samples)


@contextlib.asynccontextmanager
async def listening(target: str, *, port: int, number: str, as_caller: str) -> AsyncIterator[Listener]:
    """Call `number` at `target` (host:port) and listen; the call is left to the centre to end. Raises OutsideError."""
    loop = asyncio.get_running_loop()
    with answering.bound(CALLERS, port + caller.MEDIA) as media:
        media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listener = Listener(media)
        loop.add_reader(media, listener.read)
        try:
            async with caller.line(target, port=port, media=media) as line:
                line.call(as_caller, number)
                yield listener
        finally:
            loop.remove_reader(media)
