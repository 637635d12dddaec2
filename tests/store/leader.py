"""An engine as far as its reign goes, to be run as a process: `python -m tests.store.leader URL PORT SPOOLS`.

It says `leads N` when it leads, appends an entry every 20 ms, and says each number that is durable; when its reign is
over it says so and ends. Its address answers whether it leads.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from cti.database import open_database
from cti.errors import Deposed
from cti.store.asking import ask, this_machine
from cti.store.database_journal import DatabaseJournal
from cti.store.lease import DatabaseLease
from tests.store.calls import entry


async def reign(url: str, port: int, spools: Path) -> None:
    lease = DatabaseLease(
        url, holder=f"test:{os.getpid()}", machine=this_machine(), url=f"http://127.0.0.1:{port}", ask=ask
    )

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = f'{{"leads": {str(lease.leads).lower()}, "epoch": {lease.epoch}}}'
        writer.write(f"HTTP/1.0 200 OK\r\n\r\n{told}".encode())
        writer.close()

    epoch = await lease.gained()
    async with await asyncio.start_server(tell, "127.0.0.1", port):
        print("leads", epoch, flush=True)
        over = asyncio.create_task(lease.lost())
        with contextlib.suppress(Deposed):
            async with DatabaseJournal(open_database(url), epoch=epoch, spools=spools) as journal:
                number = journal.last_number
                while not over.done():
                    if lease.leads:
                        number += 1
                        journal.append(entry(number))
                        await journal.flushed(number)
                        print("durable", number, flush=True)
                    await asyncio.wait((over,), timeout=0.02)
        print("over", flush=True)


if __name__ == "__main__":
    asyncio.run(reign(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
