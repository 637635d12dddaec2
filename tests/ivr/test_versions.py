"""Versions of the centre file side by side: each caller is led by the one that the dialplan sent him with."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.prompts import Prompts
from ivr import call
from ivr.api import Api
from ivr.app import Ivr
from tests.ivr.test_app import DEMO, SETTLE_S, Caller

pytestmark = pytest.mark.server


@pytest.fixture
def ivr(tmp_path: Path) -> Iterator[Ivr]:
    """Version 1 is served; version 2, in which key 2 leads to sales, lies beside it."""
    text = DEMO.read_text(encoding="utf-8")
    for version, centre in ((1, text), (2, text.replace("      2: queue support", "      2: queue sales"))):
        (tmp_path / str(version)).mkdir()
        (tmp_path / str(version) / "centre.yaml").write_text(centre, encoding="utf-8")
    prompts = Prompts(tmp_path / "prompts", speech=None)
    service = Ivr(
        ("127.0.0.1", 0),
        centre_file=tmp_path / "1" / "centre.yaml",
        prompts=prompts,
        api=Api(url="http://127.0.0.1:9", token="word"),
        versions=lambda version: tmp_path / str(version) / "centre.yaml",
    )
    service.server.start()
    yield service
    service.server.stop(deadline_s=0)
    prompts.close()


def ask(ivr: Ivr, question: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", ivr.server.port), timeout=SETTLE_S) as line:
        line.sendall(question)
        return line.recv(4096)


def led_by(ivr: Ivr, script: str) -> str:
    caller = Caller(ivr.server.port, script=script)
    caller.hears()
    answer = caller.gives("2")
    caller.close()
    return answer


def test_a_caller_goes_on_by_the_version_that_he_came_by(ivr: Ivr) -> None:
    early = Caller(ivr.server.port, script="v1/menu/main")
    early.hears()
    assert ask(ivr, b"load 2\n") == b"loaded 2\n"
    assert "TRIUNE_QUEUE=sales" in led_by(ivr, "v2/menu/main")
    assert "TRIUNE_QUEUE=support" in led_by(ivr, "v1/menu/main")
    assert "TRIUNE_QUEUE=support" in early.gives("2")
    early.close()


def test_a_version_that_is_not_there_leaves_the_old_one_and_says_why(ivr: Ivr) -> None:
    assert ask(ivr, b"load 7\n").startswith(b"refused There is no centre file")
    assert "TRIUNE_QUEUE=support" in led_by(ivr, "menu/main")
    assert "TRIUNE_QUEUE=support" in led_by(ivr, "v7/menu/main"), "a caller is led, whatever he came by"


@pytest.mark.parametrize("question", [b"load x\n", b"load ../../etc\n", b"load 1 2\n", b"load -1\n"])
def test_what_is_no_number_of_a_version_loads_nothing(ivr: Ivr, question: bytes) -> None:
    assert ask(ivr, question) == b""


@pytest.mark.parametrize(
    ("script", "version"), [("v12/menu/main", 12), ("menu/main", None), ("/v3/hours/a", 3), ("version/menu", None)]
)
def test_the_version_stands_at_the_head_of_the_path(script: str, version: int | None) -> None:
    assert call.version(script) == version
    assert call.entry("v12/menu/main") == call.entry("menu/main")
