"""What is heard at a leader's address, and when it says nothing of him."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from cti.store.asking import ask, this_machine
from cti.store.reign import Answer


@contextlib.asynccontextmanager
async def saying(told: str) -> AsyncIterator[int]:
    """The port of a server that says so of itself."""

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.0 200 OK\r\n\r\n{told}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(tell, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def outer_address() -> str:
    """Of this machine, on its way out; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        return str(probe.getsockname()[0])


@pytest.mark.parametrize(("elsewhere", "heard"), [(False, Answer.GONE), (True, Answer.SILENT)])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost"])
async def test_a_refusal_by_this_machine_says_nothing_of_a_leader_on_another(
    host: str, elsewhere: bool, heard: Answer
) -> None:
    assert await ask(f"http://{host}:{free_port()}", 1, elsewhere=elsewhere) is heard


async def test_a_refusal_at_an_address_that_this_machine_has_as_well_says_nothing_either() -> None:
    assert await ask(f"http://{outer_address()}:{free_port()}", 1, elsewhere=True) is Answer.SILENT


@pytest.mark.parametrize(("elsewhere", "heard"), [(False, Answer.GONE), (True, Answer.SILENT)])
async def test_a_standby_that_hears_itself_takes_that_for_no_answer(elsewhere: bool, heard: Answer) -> None:
    async with saying('{"leads": false, "epoch": 1}') as port:
        assert await ask(f"http://127.0.0.1:{port}", 1, elsewhere=elsewhere) is heard


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_who_says_that_he_leads_is_believed_wherever_he_is(elsewhere: bool) -> None:
    async with saying('{"leads": true, "epoch": 3}') as port:
        assert await ask(f"http://127.0.0.1:{port}", 3, elsewhere=elsewhere) is Answer.LEADS


@pytest.mark.parametrize("told", ["Service Unavailable", "", "{}", '{"detail": "busy"}', '{"leads": false}'])
async def test_who_does_not_say_how_it_stands_with_him_says_nothing_of_the_leader(told: str) -> None:
    async with saying(told) as port:
        assert await ask(f"http://127.0.0.1:{port}", 1, elsewhere=False) is Answer.SILENT


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "http://no.such.name.invalid:1"])
async def test_no_address_is_no_answer(url: str) -> None:
    assert await ask(url, 1, elsewhere=True) is Answer.SILENT


async def test_every_process_of_a_machine_calls_it_the_same() -> None:
    assert this_machine() == this_machine()
    assert len(this_machine()) == 16
