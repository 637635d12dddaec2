"""The softphone's line through the web."""

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.running import PATIENCE_S
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
            assert await asyncio.wait_for(line.recv(), PATIENCE_S) == f"SIP/2.0 200 OK {len(REGISTER)}"


async def test_without_asterisk_the_softphone_is_told_to_try_again(template: Path, tmp_path: Path) -> None:
    async with running(template, tmp_path, sip_target="ws://127.0.0.1:9/ws") as world:
        line = await world.socket(await world.client("anna"), path="/sip", subprotocols=[SIP])
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(line.recv(), PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


@pytest.mark.parametrize("how", ["signing out", "shut out", "new password"])
async def test_the_line_ends_with_its_session(template: Path, tmp_path: Path, how: str) -> None:
    async def asterisk(line: ServerConnection) -> None:
        async for message in line:
            await line.send(message)

    async with serve(asterisk, "127.0.0.1", 0, subprotocols=[SIP]) as other:
        port = next(iter(other.sockets)).getsockname()[1]
        async with running(template, tmp_path, sip_target=f"ws://127.0.0.1:{port}/ws") as world:
            client, root, anna = await world.client("anna"), await world.client("root"), world.id_of("anna")
            line = await world.socket(client, path="/sip", subprotocols=[SIP])
            await line.send("REGISTER")
            assert await asyncio.wait_for(line.recv(), PATIENCE_S) == "REGISTER"
            other_person = await root.patch(f"/api/v1/people/{anna}", json={"name": "Anna B."})
            assert other_person.status_code == 200
            await line.send("still")
            assert await asyncio.wait_for(line.recv(), PATIENCE_S) == "still"
            if how == "signing out":
                await client.delete("/api/v1/session")
            elif how == "shut out":
                await root.patch(f"/api/v1/people/{anna}", json={"active": False})
            else:
                await root.post(f"/api/v1/people/{anna}/password", json={"password": "brand new word"})
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(line.recv(), PATIENCE_S)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == (1012 if how == "new password" else 4401)


async def test_a_stranger_gets_no_line(world: World) -> None:
    line = await world.socket(await world.client(), path="/sip", subprotocols=[SIP])
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(line.recv(), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
