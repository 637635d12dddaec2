"""The IVR as one that takes up versions: a line on its AGI port. Made by `cti.app`."""

import asyncio
from typing import Final

from cti.errors import OutsideError
from cti.home import Home, PortPlan

LIMIT_S: Final = 10.0


class IvrLoader:
    """See `ports.templates.Loader`."""

    name = "ivr"

    def __init__(self, home: Home) -> None:
        self._port = home.ports.agi

    async def load(self, version: int) -> None:
        """Have it serve this version. Raises OutsideError."""
        try:
            async with asyncio.timeout(LIMIT_S):
                answer = await self._ask(f"load {version}\n".encode())
        except (OSError, TimeoutError) as error:
            raise OutsideError(f"The IVR does not answer ({type(error).__name__}).") from error
        if answer != f"loaded {version}":
            raise OutsideError(f"The IVR cannot serve version {version}: {answer[:300] or 'it did not say why'}.")

    async def _ask(self, question: bytes) -> str:
        reader, writer = await asyncio.open_connection(PortPlan.CENTRE_ADDRESS, self._port)
        try:
            writer.write(question)
            await writer.drain()
            return (await reader.readline()).decode("utf-8", "replace").strip()
        finally:
            writer.close()
