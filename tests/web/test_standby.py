"""What a load balancer hears of an engine that waits."""

import asyncio
import contextlib
import errno

import httpx
import pytest

from cti.web.server import bind, bound
from cti.web.standby import Waiting, answering
from tests.running import PATIENCE_S


async def test_a_standby_says_503_and_behind_whom_it_waits_and_then_refuses_nobody() -> None:
    waiting = Waiting(epoch=7, leader="http://a:1", number=42)
    with contextlib.closing(bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with (
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client,
            answering(listener, waiting=lambda: waiting, cert=None, key=None),
        ):
            for path in ("/healthz", "/", "/api/v1/session"):
                told = await client.get(f"http://127.0.0.1:{port}{path}")
                assert told.status_code == 503
                assert told.json()["code"] == "standby"
                assert (told.json()["leads"], told.json()["epoch"], told.json()["number"]) == (False, 7, 42)
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE_S)
        accepted, _ = listener.accept()
        accepted.close()
        writer.close()


async def test_who_connects_to_a_bound_port_waits_for_its_server_and_nobody_else_gets_it() -> None:
    with contextlib.closing(bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE_S)
        writer.close()
        with pytest.raises(OSError, match="in use") as refused:
            bind("127.0.0.1", port)
        assert refused.value.errno == errno.EADDRINUSE


async def test_a_port_that_is_let_go_in_time_is_had_and_one_that_is_kept_is_not() -> None:
    with contextlib.closing(bind("127.0.0.1", 0)) as kept:
        port = kept.getsockname()[1]
        assert await bound("127.0.0.1", port, within_s=0.0) is None
        waiting = asyncio.create_task(bound("127.0.0.1", port, within_s=60.0))
        await asyncio.sleep(0)  # it has asked once
    listener = await waiting
    assert listener is not None
    with contextlib.closing(listener):
        assert listener.getsockname()[1] == port
