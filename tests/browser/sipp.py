"""A SIP phone made of SIPp: it registers with a password, answers, and lets itself be hung up; its sound is made here.

SIPp does the signalling and notes when what came; sound is G.711 µ-law over one UDP socket of this process, so that
what is heard can be measured.
"""

import asyncio
import os
import re
import socket
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from math import cos, pi, sin
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

from cti import variables
from cti.home import DemoAgent
from cti.setup.tools import find_program
from tests.running import PATIENCE_S, soon

SCENARIOS: Final = Path(__file__).parent / "scenarios"
RATE: Final = 8_000
FRAME: Final = 160
"""Samples of 20 ms."""
_ADDRESS: Final = "127.0.0.1"


async def start_sipp(scenario: str, remote: str, *given: str, folder: Path, address: str = _ADDRESS) -> Process:
    """SIPp on its way; whoever starts it ends it. Its messages are written to `folder`.

    `scenario` is one of `scenarios/`, or the path of another.
    """
    file = SCENARIOS / f"{scenario}.xml"
    return await asyncio.create_subprocess_exec(
        str(find_program("sipp")),
        remote,
        *("-sf", str(file if file.exists() else Path(scenario)), "-i", address, "-nostdin"),
        *("-trace_msg", "-message_file", str(folder / f"{Path(scenario).stem}.log")),
        *given,
        env={**os.environ, "TZ": "UTC"},
        cwd=folder,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )


def received(folder: Path, scenario: str, method: str) -> list[float]:
    """When such requests came, in Unix milliseconds."""
    log = folder / f"{scenario}.log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    found = re.findall(rf"^-+ (\S+ \S+)\s+\S+ message received \S+ bytes :\s+{method} ", text, re.MULTILINE)
    return [datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp() * 1000 for each in found]


class AnsweringPhone:
    """The SIP phone of this agent, registered and answering at once; `async with`."""

    def __init__(self, agent: DemoAgent, centre: str, *, folder: Path, hz: int, steady: bool = False) -> None:
        """`steady`: once it has heard anything it sounds by its own clock: two that wait for each other are silent."""
        self._agent = agent
        self._centre = centre
        self._folder = folder
        self._sound = Sound(hz, steady=steady)
        self._sipp: Process | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self._sound, local_addr=(_ADDRESS, 0))
        user = variables.agent_endpoint(self._agent.extension)
        at = ("-p", str(_free_port()), "-s", user)
        secret = ("-au", user, "-ap", self._agent.sip_password)
        registering = await start_sipp("register", self._centre, *at, *secret, "-m", "1", folder=self._folder)
        async with asyncio.timeout(PATIENCE_S):
            assert await registering.wait() == 0, "the phone is registered"
        sound_port = str(transport.get_extra_info("sockname")[1])
        self._sipp = await start_sipp("answer", self._centre, *at, "-key", "sound", sound_port, folder=self._folder)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sipp is not None and self._sipp.returncode is None:
            self._sipp.kill()
            await self._sipp.wait()
        self._sound.close()

    async def invited_ms(self, *, after_ms: float = 0) -> float:
        """When the first INVITE since then reached it."""
        return await self._got("INVITE", after_ms)

    async def hung_up(self, *, after_ms: float = 0) -> float:
        """Wait until the other side has hung up since then; when."""
        return await self._got("BYE", after_ms)

    async def _got(self, method: str, after_ms: float) -> float:
        def since() -> list[float]:
            return [at_ms for at_ms in received(self._folder, "answer", method) if at_ms > after_ms]

        await soon(since, what=f"the phone got its {method}")
        return since()[0]

    async def hears(self, hz: int, *, within_s: float = PATIENCE_S) -> None:
        """Wait until what it hears from now on is this tone for half a second."""
        self._sound.frames.clear()
        await soon(lambda: self._sound.is_tone(hz), within_s=within_s, what=f"{hz} Hz")

    async def hears_together(self, *hz: int, within_s: float = PATIENCE_S) -> None:
        """Wait until what it hears from now on is all of these tones, and nothing else, for half a second."""
        self._sound.frames.clear()
        await soon(lambda: self._sound.is_chord(hz), within_s=within_s, what=f"{hz} Hz together")


class Sound(asyncio.DatagramProtocol):
    """Sends a tone to whoever sends sound here, and keeps the last half second of what came."""

    def __init__(self, hz: int, *, steady: bool = False) -> None:
        self._steady = steady
        self._ticks: asyncio.Task[None] | None = None
        self._to = ("", 0)
        self.frames: deque[bytes] = deque(maxlen=25)
        self._frame = bytes(_encoded(round(9_000 * sin(2 * pi * hz * at / RATE))) for at in range(FRAME))
        self._sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transport for datagrams is no DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One frame for each that came: the other side's clock paces both, unless it is to be steady."""
        self.frames.append(data[12:])
        self._to = addr
        if not self._steady:
            self._send()
        elif self._ticks is None:
            self._ticks = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        due = asyncio.get_running_loop().time()
        while True:
            self._send()
            due += FRAME / RATE
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    def _send(self) -> None:
        head = bytes((0x80, 0)) + (self._sent % 65536).to_bytes(2) + (self._sent * FRAME).to_bytes(4) + b"tone"
        self._sent += 1
        self._transport.sendto(head + self._frame, self._to)

    def is_tone(self, hz: int) -> bool:
        return len(self.frames) == 25 and all(_share(frame, hz) > 0.8 for frame in self.frames)

    def is_chord(self, hz: Sequence[int]) -> bool:
        shares = [[_share(frame, one) for one in hz] for frame in self.frames]
        return len(shares) == 25 and all(sum(each) > 0.8 and min(each) > 0.1 for each in shares)

    def close(self) -> None:
        if self._ticks is not None:
            self._ticks.cancel()
        self._transport.close()


def _share(frame: bytes, hz: int) -> float:
    """The tone's share in the sound's power."""
    samples = [_decoded(each) for each in frame]
    power = sum(each * each for each in samples)
    if power < 1_000_000:
        return 0.0
    turn = 2 * pi * hz / RATE
    re = sum(each * cos(turn * at) for at, each in enumerate(samples))
    im = sum(each * sin(turn * at) for at, each in enumerate(samples))
    return 2 * (re * re + im * im) / (len(samples) * power)


def _encoded(sample: int) -> int:
    """µ-law of one sample of 16 bits (ITU-T G.711)."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32_635) + 132
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | size >> (exponent + 3) & 0x0F) & 0xFF


def _decoded(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 132 << (code >> 4 & 0x07)) - 132
    return -size if code & 0x80 else size


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_ADDRESS, 0))
        return int(probe.getsockname()[1])
