"""Callers who reached nobody: which of them the engine is told of, and that nobody waits for it."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from cti.config import Language
from cti.prompts import Prompts
from cti.variables import Lost
from ivr import lost
from ivr.api import Api
from ivr.app import Ivr
from ivr.flow import State
from ivr.lost import End, Losses, LostCaller
from tests.ivr.test_app import DEMO, Caller
from tests.running import PATIENCE_S, eventually

pytestmark = pytest.mark.server

ANNA = LostCaller(
    queue_id="support",
    number="+79161234567",
    name="Anna",
    dialled="+78005550100",
    language="en",
    path="main:2",
    why=Lost.LEFT_MENU,
    at_ms=1,
)


@pytest.fixture
def statuses() -> deque[int]:
    """What the API answers to the next requests; then it takes them."""
    return deque()


@pytest.fixture
def told(statuses: deque[int]) -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """The engine's API, as far as it hears of lost callers."""
    heard: Queue[dict[str, Any]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = statuses.popleft() if statuses else 202
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if status != 202:
                return
            heard.put({"path_asked": self.path, "token": self.headers["X-Triune-Token"], **content})

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def heard(told: tuple[str, Queue[dict[str, Any]]]) -> Queue[dict[str, Any]]:
    return told[1]


@pytest.fixture
def ivr(tmp_path: Path, told: tuple[str, Queue[dict[str, Any]]]) -> Iterator[Ivr]:
    centre = tmp_path / "centre.yaml"
    centre.write_bytes(DEMO.read_bytes())
    prompts = Prompts(tmp_path / "prompts", speech=None)
    service = Ivr(("127.0.0.1", 0), centre_file=centre, prompts=prompts, api=Api(url=told[0], token="word"))
    service.server.start()
    yield service
    service.server.stop(deadline_s=0)
    prompts.close()


def test_who_hangs_up_in_the_menu_is_told_of_once(ivr: Ivr, heard: Queue[dict[str, Any]]) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    caller.gives("")
    caller.hangs_up()
    lost_caller = heard.get(timeout=PATIENCE_S)
    assert lost_caller.pop("at_ms") > 1_700_000_000_000
    assert lost_caller == {
        "path_asked": "/api/v1/ivr/lost",
        "token": "word",
        "queue_id": "support",
        "number": "",
        "name": "",
        "dialled": "+78005550100",
        "language": "en",
        "path": "main:-",
        "why": "left_menu",
    }
    assert heard.empty()


def test_who_goes_on_to_a_queue_is_not_lost(ivr: Ivr, heard: Queue[dict[str, Any]]) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    caller.gives("2")
    caller.gives("0")
    caller.close()
    with pytest.raises(Empty):
        heard.get(timeout=0.5)


def test_who_is_cut_off_by_our_own_end_goes_to_the_operator_and_is_not_lost(
    ivr: Ivr, heard: Queue[dict[str, Any]]
) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    ivr.server.stop(deadline_s=0)
    with pytest.raises(Empty):
        heard.get(timeout=0.5)
    caller.close()


def test_whom_asterisks_death_cuts_off_in_the_menu_is_told_of_as_such(ivr: Ivr, heard: Queue[dict[str, Any]]) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    caller.gives("2")
    caller.close()
    lost_caller = heard.get(timeout=PATIENCE_S)
    assert (lost_caller["why"], lost_caller["path"]) == ("cut_off", "main:2")
    assert heard.empty()


@pytest.mark.parametrize(
    ("path", "account", "end", "why"),
    [
        ((), "", End.LEFT, Lost.LEFT_MENU),
        (("telecom:open", "main:2"), "", End.LEFT, Lost.LEFT_MENU),
        (("telecom:closed",), "", End.HUNG_UP_ON, Lost.AFTER_HOURS),
        (("telecom:closed",), "", End.LEFT, Lost.AFTER_HOURS),
        (("telecom:closed",), "", End.CUT_OFF, Lost.CUT_OFF),
        (("main:3", "pin:ok"), "100001", End.LEFT, None),
        (("main:3", "pin:ok"), "100001", End.HUNG_UP_ON, None),
        (("main:3", "pin:ok"), "100001", End.CUT_OFF, Lost.CUT_OFF),
        (("telecom:closed", "main:2", "pin:ok"), "100001", End.LEFT, None),
        (("main:7",), "", End.HUNG_UP_ON, None),
        ((), "", End.CUT_OFF, Lost.CUT_OFF),
    ],
)
def test_lost_is_who_got_nothing(path: tuple[str, ...], account: str, end: End, why: Lost | None) -> None:
    state = State(project="telecom", language=Language.EN, path=path, account=account)
    assert lost.why(state, end) is why


def test_an_engine_that_cannot_take_it_is_told_again(
    told: tuple[str, Queue[dict[str, Any]]], statuses: deque[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "AGAIN_S", 0.01)
    statuses.extend([503, 503, 503])
    losses = Losses(api=Api(url=told[0], token="word"))
    losses.tell(ANNA)
    losses.tell(replace(ANNA, number="+79161234568"))
    assert {told[1].get(timeout=PATIENCE_S)["number"] for _ in range(2)} == {ANNA.number, "+79161234568"}


def test_what_the_engine_refuses_it_is_not_told_again(
    told: tuple[str, Queue[dict[str, Any]]], statuses: deque[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "AGAIN_S", 0.01)
    statuses.extend([422, 503])
    losses = Losses(api=Api(url=told[0], token="word"))
    losses.tell(ANNA)
    losses.tell(replace(ANNA, number="+79161234568"))
    assert told[1].get(timeout=PATIENCE_S)["number"] == "+79161234568"
    assert told[1].empty()


def test_an_engine_that_stays_away_is_given_up_without_the_number_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "AGAIN_S", 0.01)
    monkeypatch.setattr(lost, "GIVEN_UP_S", 0.0)
    Losses(api=Api(url="http://127.0.0.1:9", token="word", limit_s=0.5)).tell(ANNA)
    eventually(lambda: any(record.levelname == "ERROR" for record in caplog.records), what="it is logged")
    for record in caplog.records:
        assert "9161234567" not in record.getMessage() + str(vars(record))
