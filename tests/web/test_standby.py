"""What a load balancer hears of an engine that waits."""

import socket

import httpx

from cti.web.standby import Waiting, answering


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_standby_says_503_and_behind_whom_it_waits_and_then_leaves_the_port() -> None:
    port = free_port()
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        waiting = Waiting(epoch=7, leader="http://a:1", number=42)
        async with answering("127.0.0.1", port, waiting=lambda: waiting, cert=None, key=None):
            for path in ("/healthz", "/", "/api/v1/session"):
                told = await client.get(f"http://127.0.0.1:{port}{path}")
                assert told.status_code == 503
                assert told.json()["code"] == "standby"
                assert (told.json()["leads"], told.json()["epoch"], told.json()["number"]) == (False, 7, 42)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))


async def test_a_standby_whose_port_another_engine_has_waits_all_the_same() -> None:
    with socket.socket() as leader:
        leader.bind(("127.0.0.1", 0))
        leader.listen()
        port = leader.getsockname()[1]
        async with answering(
            "127.0.0.1", port, waiting=lambda: Waiting(epoch=1, leader="", number=0), cert=None, key=None
        ):
            assert leader.getsockname()[1] == port
