"""A stand-in for a part: answers `ping` with `pong` on the port named first; `die` ends it, `hush` silences it."""

import asyncio
import signal
import sys


async def serve(port: int) -> None:
    hushed = False

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hushed
        word = await reader.readline()
        if word == b"die\n":
            sys.exit(1)
        hushed = hushed or word == b"hush\n"
        if not hushed:
            writer.write(b"pong\n")
        else:
            await asyncio.sleep(3600)
        writer.close()

    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    if "--stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
    await asyncio.start_server(answer, "127.0.0.1", port)
    print("listening", port, flush=True)
    await stopping.wait()


if "--broken" in sys.argv:
    print("no configuration, no service", flush=True)
    sys.exit(2)
asyncio.run(serve(int(sys.argv[1])))
