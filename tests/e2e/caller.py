"""A caller made of SIPp: unlike the emulated carrier he has a name, and may call from any address of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.sipp import Sound, start_sipp
from tests.running import PATIENCE_S

_SCENARIO = Path(__file__).parent / "scenarios" / "call.xml"


@dataclass(slots=True)
class Caller:
    """He stays until the centre hangs up."""

    sound: Sound
    sipp: asyncio.subprocess.Process

    async def was_hung_up(self, *, within_s: float = PATIENCE_S) -> bool:
        """Wait for SIPp's end; whether all went as its scenario says."""
        async with asyncio.timeout(within_s):
            return await self.sipp.wait() == 0


@asynccontextmanager
async def caller(
    *,
    to: str,
    centre: str,
    address: str,
    folder: Path,
    port: int,
    number: str,
    name: str = "",
    hz: int = 1750,
    steady: bool = False,
) -> AsyncIterator[Caller]:
    """He calls `to` at `centre` (host:port) from `address`:`port`, where the trunk must know him, and sounds a tone.

    `steady`: see `AnsweringPhone`.
    """
    sound = Sound(hz, steady=steady)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: sound, local_addr=(address, 0))
    given = {"sound": str(transport.get_extra_info("sockname")[1]), "name": name, "number": number}
    keys = [word for key, value in given.items() for word in ("-key", key, value)]
    sipp = await start_sipp(
        str(_SCENARIO), centre, "-p", str(port), "-s", to, *keys, "-m", "1", folder=folder, address=address
    )
    try:
        yield Caller(sound, sipp)
    finally:
        sound.close()
        if sipp.returncode is None:
            sipp.kill()
            await sipp.wait()
