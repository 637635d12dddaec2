"""Who asks nothing, or never finishes asking, holds no connection."""

import asyncio
import contextlib
import resource

import pytest

from cti.web import connections
from tests.running import PATIENCE_S
from tests.web.world import World

pytestmark = pytest.mark.server

HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 400\r\n"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.5)


async def cut_off(reader: asyncio.StreamReader) -> None:
    """Wait until the server has ended the connection, whatever it says before."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_S):
            while await reader.read(4096):
                pass


async def is_served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether a request is answered on this connection."""
    writer.write(WHOLE)
    try:
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    except (ConnectionResetError, asyncio.IncompleteReadError):
        return False
    return head.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /heal", HEAD, HEAD + b'\r\n{"login": ', WHOLE + b"GET /heal"],
    ids=["nothing", "half a line", "half a head", "half a body", "half a second request"],
)
async def test_a_request_that_does_not_come_whole_is_cut_off(world: World, short: None, said: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(said)
    await cut_off(reader)
    writer.close()


async def test_a_connection_between_two_requests_and_an_open_page_stay(world: World, short: None) -> None:
    page = await world.page(await world.client("boris"))
    idle = await asyncio.open_connection("127.0.0.1", world.port)
    assert await is_served(*idle)
    later, writer = await asyncio.open_connection("127.0.0.1", world.port)
    await cut_off(later)  # so these would have been too
    assert await is_served(*idle)
    world.hub.switch_changed(up=False)
    await page.next("switch")
    for one in (idle[1], writer):
        one.close()


async def test_one_address_cannot_take_every_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PER_ADDRESS", 3)
    here = [await asyncio.open_connection("127.0.0.1", world.port) for _ in range(6)]
    assert await is_served(*here[-1])
    monkeypatch.setattr(connections, "is_this_machine", lambda _host: False)
    surplus, writer = await asyncio.open_connection("127.0.0.1", world.port)
    await cut_off(surplus)
    for one in (*(pair[1] for pair in here), writer):
        one.close()


async def test_descriptors_are_left_for_the_switch_and_the_journal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 2)
    first = [await asyncio.open_connection("127.0.0.1", world.port) for _ in range(2)]
    surplus, writer = await asyncio.open_connection("127.0.0.1", world.port)
    await cut_off(surplus)
    assert await is_served(*first[0])
    for one in (*(pair[1] for pair in first), writer):
        one.close()


async def test_the_server_takes_all_the_descriptors_that_it_may(world: World) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert connections.most_connections() == hard - connections.RESERVED
