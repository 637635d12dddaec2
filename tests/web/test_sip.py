"""The softphone's line through the web."""

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.web.world import World, running

pytestmark = pytest.mark.server

SIP = Subprotocol("sip")
REGISTER = "REGISTER sip:127.0.0.1 SIP/2.0\r\nX-Filler: " + "x" * 20_000 + "\r\n\r\n"


async def test_what_the_softphone_says_reaches_asterisk_and_back(template: Path, tmp_path: Path) -> None:
    async def asterisk(line: ServerConnection) -> None:
        assert line.subprotocol == SIP
        async for message in line:
            await line.send(f"SIP/2.0 200 OK {len(message)}")

    async with serve(asterisk, "127.0.0.1", 0, subprotocols=[SIP]) as other:
        port = next(iter(other.sockets)).getsockname()[1]
        async with running(template, tmp_path, sip_target=f"ws://127.0.0.1:{port}/ws") as world:
            line = await world.socket(await world.client("anna"), path="/sip", subprotocols=[SIP])
            assert line.subprotocol == SIP
            await line.send(REGISTER)
            assert await asyncio.wait_for(line.recv(), 3) == f"SIP/2.0 200 OK {len(REGISTER)}"


async def test_without_asterisk_the_softphone_is_told_to_try_again(template: Path, tmp_path: Path) -> None:
    async with running(template, tmp_path, sip_target="ws://127.0.0.1:9/ws") as world:
        line = await world.socket(await world.client("anna"), path="/sip", subprotocols=[SIP])
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(line.recv(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_a_stranger_gets_no_line(world: World) -> None:
    line = await world.socket(await world.client(), path="/sip", subprotocols=[SIP])
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(line.recv(), 3)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
