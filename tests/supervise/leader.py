"""A stand-in for an engine: waits for the lock as a spare that answers on the socket, then serves `ping` on the port.

Arguments: port, lock, socket. `--slow`: as a spare it only ever prepares.
"""

import asyncio
import sys
from pathlib import Path

from cti.store.lead_file import FileLeadership
from cti.supervise.health import FOLLOWS, PREPARES

PORT, FOLDER, SOCKET = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])


def remove() -> None:
    SOCKET.unlink(missing_ok=True)


async def serve() -> None:
    async def as_spare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(PREPARES if "--slow" in sys.argv else FOLLOWS)
        writer.close()

    async def as_leader(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"pong\n")
        writer.close()

    remove()
    spare = await asyncio.start_unix_server(as_spare, SOCKET)
    await FileLeadership(FOLDER).gained()
    spare.close()
    remove()
    while True:
        try:
            await asyncio.start_server(as_leader, "127.0.0.1", PORT)
        except OSError:  # whoever was killed has let go of the lock, and of the port in a moment
            await asyncio.sleep(0.01)
        else:
            break
    await asyncio.get_running_loop().create_future()


asyncio.run(serve())
