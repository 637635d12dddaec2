"""The account service as the IVR sees it: a real HTTP server on loopback, well-behaved and not."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ivr.accounts import UNAVAILABLE, Accounts, read
from ivr.api import Api
from ivr.words import Outcome, Standing
from tests.awake import awake


@contextmanager
def service(status: int, body: bytes) -> Iterator[tuple[str, list[dict[str, object]]]]:
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append({"path": self.path, "token": self.headers["X-Triune-Token"], **json.loads(content)})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


GOOD = {
    "result": "ok",
    "tries_left": 3,
    "balance_minor": -1250,
    "currency": "RUB",
    "status": "active",
    "ends_on": "2031-05-01",
}


def test_the_leader_that_a_standby_names_is_asked_instead() -> None:
    with service(200, json.dumps(GOOD).encode()) as (leader, asked):
        standing = {"code": "standby", "leader": leader, "leads": False}
        with service(503, json.dumps(standing).encode()) as (url, _):
            assert Accounts(api=Api(url=url, token="word")).check("100001", "4711").outcome is Outcome.OK
    assert [one["token"] for one in asked] == ["word"]


@pytest.mark.parametrize("leader", ["", "https://127.0.0.1:9", 7, None])
def test_what_a_standby_names_that_is_no_way_is_not_gone(leader: object) -> None:
    with service(503, json.dumps({"code": "standby", "leader": leader}).encode()) as (url, _):
        assert Accounts(api=Api(url=url, token="word")).check("100001", "4711") == UNAVAILABLE


def test_the_right_pin_brings_the_account() -> None:
    with service(200, json.dumps(GOOD).encode()) as (url, asked):
        answer = Accounts(api=Api(url=url, token="word")).check("100001", "4711")
    assert asked == [{"path": "/api/v1/ivr/accounts/check", "token": "word", "account": "100001", "pin": "4711"}]
    assert answer.outcome is Outcome.OK
    assert answer.standing == Standing(
        balance_minor=-1250, currency="RUB", status="active", ends_on=date(2031, 5, 1), tariff=""
    )


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"result": "wrong", "tries_left": 2}, Outcome.WRONG),
        ({"result": "wrong", "tries_left": 0}, Outcome.LOCKED),
        ({"result": "locked", "tries_left": 0}, Outcome.LOCKED),
        ({"result": "unknown"}, Outcome.UNKNOWN),
    ],
)
def test_every_other_answer_is_an_outcome(said: dict[str, object], outcome: Outcome) -> None:
    answer = read(json.dumps(said).encode())
    assert (answer.outcome, answer.standing) == (outcome, None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"nonsense", b'{"result":"ok"}', b'{"result":"maybe"}', b"x" * 70_000]
)
def test_what_was_not_agreed_is_unavailable(body: bytes) -> None:
    with service(200, body) as (url, _):
        assert Accounts(api=Api(url=url, token="word")).check("100001", "4711") == UNAVAILABLE


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_refusal_is_unavailable(status: int) -> None:
    with service(status, json.dumps(GOOD).encode()) as (url, _):
        assert Accounts(api=Api(url=url, token="word")).check("100001", "4711") == UNAVAILABLE


def test_keys_that_are_no_digits_are_a_wrong_pin_that_nobody_is_asked_about() -> None:
    with service(200, json.dumps(GOOD).encode()) as (url, asked):
        assert Accounts(api=Api(url=url, token="word")).check("100001", "47*1").outcome is Outcome.WRONG
    assert asked == []


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert Accounts(api=Api(url=f"http://127.0.0.1:{port}", token="word")).check("1", "2") == UNAVAILABLE


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\n\r\n{"])
def test_a_frozen_engine_is_given_up_at_the_deadline(drip: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        accepted: list[socket.socket] = []

        def accept() -> None:
            line, _ = frozen.accept()
            line.sendall(drip)
            accepted.append(line)

        thread = threading.Thread(target=accept)
        thread.start()
        url = f"http://127.0.0.1:{frozen.getsockname()[1]}"
        with awake() as passed_s:
            assert Accounts(api=Api(url=url, token="word", limit_s=0.2)).check("1", "2") == UNAVAILABLE
            assert passed_s() < 1.5
        thread.join()
        accepted[0].close()
