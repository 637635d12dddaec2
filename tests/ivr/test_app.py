"""The FastAGI server with Asterisk's side played over TCP: whole calls, the door, overload, reload and stop."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cti.prompts import Prompts
from ivr.api import Api
from ivr.app import Ivr, Server
from ivr.session import Session
from tests.awake import awake
from tests.running import PATIENCE_S, eventually

pytestmark = pytest.mark.server

DEMO = Path(__file__).parents[2] / "asterisk-conf" / "centre.yaml"
SETTLE_S = PATIENCE_S


@dataclass
class Caller:
    """One call as Asterisk would bring it; silence is an empty answer."""

    port: int
    script: str = "menu/main"
    language: str = "en"
    number: str = "+78005550100"
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = socket.create_connection(("127.0.0.1", self.port), timeout=SETTLE_S)
        self.reader = self.line.makefile("rb")
        said = "".join(f"agi_{name}: {value}\n" for name, value in self.particulars().items())
        self.line.sendall(f"agi_network: yes\n{said}\n".encode())

    def particulars(self) -> dict[str, str]:
        return {"network_script": self.script, "language": self.language, "extension": self.number}

    def hears(self) -> str:
        """The next command that waits for an answer, or "" when the connection is closed; mere sounds are heard out."""
        while True:
            self.commands.append(self.reader.readline().decode().strip())
            if not self.commands[-1].startswith("STREAM FILE"):
                return self.commands[-1]
            self.line.sendall(b"200 result=0 endpos=1\n")

    def gives(self, keys: str) -> str:
        """Answer what was heard last with these keys."""
        self.line.sendall(f"200 result={keys}{'' if keys else ' (timeout)'}\n".encode())
        return self.hears()

    def hangs_up(self) -> None:
        """Asterisk says so before it closes the line."""
        self.line.sendall(b"HANGUP\n")
        self.close()

    def close(self) -> None:
        self.reader.close()
        self.line.close()


@pytest.fixture
def ivr(tmp_path: Path) -> Iterator[Ivr]:
    centre = tmp_path / "centre.yaml"
    centre.write_bytes(DEMO.read_bytes())
    prompts = Prompts(tmp_path / "prompts", speech=None)
    service = Ivr(
        ("127.0.0.1", 0), centre_file=centre, prompts=prompts, api=Api(url="http://127.0.0.1:9", token="word")
    )
    service.server.start()
    yield service
    service.server.stop(deadline_s=0)
    prompts.close()


def ping(port: int, *, timeout_s: float = SETTLE_S) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as line:
        line.sendall(b"ping\n")
        return line.recv(100)


def test_a_call_to_support_takes_three_commands(ivr: Ivr) -> None:
    caller = Caller(ivr.server.port)
    assert caller.hears() == 'GET DATA "beep" 5000 1'
    assert caller.commands[:-1] == ['STREAM FILE "beep" "0123456789*#"']
    assert caller.gives("2") == 'EXEC MSet "TRIUNE_QUEUE=support,TRIUNE_PATH=main:2,TRIUNE_ACCOUNT=,TRIUNE_LANGUAGE=en"'
    assert caller.gives("0") == ""
    caller.close()


def test_a_chosen_language_goes_with_the_channel(ivr: Ivr) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    caller.gives("9")
    assert caller.gives("1").endswith('TRIUNE_LANGUAGE=ru,CHANNEL(language)=ru"')
    caller.close()


def test_a_number_of_another_project_has_its_own_operator(ivr: Ivr) -> None:
    caller = Caller(ivr.server.port, script="menu/clinic", number="+78005550200", language="ru")
    caller.hears()
    assert "TRIUNE_QUEUE=reception," in caller.gives("0")
    caller.close()


@pytest.mark.parametrize("script", ["", "menu/nothing", "menu", "../../etc/passwd", "menu/main/more"])
def test_an_unknown_request_is_led_to_the_operator(ivr: Ivr, script: str) -> None:
    caller = Caller(ivr.server.port, script=script)
    assert "TRIUNE_QUEUE=support," in caller.hears()
    caller.close()


def test_an_account_service_that_is_away_leads_to_the_operator_and_no_pin_is_written(
    ivr: Ivr, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    caller = Caller(ivr.server.port)
    caller.hears()
    assert caller.gives("3") == 'GET DATA "beep" 7000 6'
    assert caller.gives("100001") == 'GET DATA "beep" 7000 4'
    assert (
        caller.gives("4711") == 'EXEC MSet "TRIUNE_QUEUE=support,TRIUNE_PATH=main:3;account:*;pin:*;pin:unavailable,'
        'TRIUNE_ACCOUNT=,TRIUNE_LANGUAGE=en"'
    )
    caller.gives("0")
    eventually(lambda: ivr.server.calls == 0, what="the call is over")
    out, err = capfd.readouterr()
    for secret in ("4711", "100001"):
        assert secret not in out + err + caplog.text + "".join(caller.commands)
    caller.close()


def test_a_stay_that_is_too_long_ends_at_the_operator(ivr: Ivr, tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("max_ivr_s: 300", "max_ivr_s: 10"), encoding="utf-8")
    ivr.reload()
    caller = Caller(ivr.server.port)
    caller.hears()
    began = time.monotonic()
    with awake() as passed_s:
        while "MSet" not in caller.gives("*"):
            threading.Event().wait(0.05)
        assert passed_s() < 4
    assert time.monotonic() - began > 0.5
    assert "TRIUNE_QUEUE=support," in caller.commands[-1]
    caller.close()


@pytest.mark.lesson(23)
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_caller_may_leave_at_any_moment(ivr: Ivr, after: int, caplog: pytest.LogCaptureFixture) -> None:
    caller = Caller(ivr.server.port)
    caller.hears()
    for keys in ("3", "100001", "47")[:after]:
        caller.gives(keys)
    caller.close()
    eventually(lambda: ivr.server.calls == 0, what="the call is over")
    untold = [record for record in caplog.records if vars(record).get("action") == "lost_untold"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == untold
    assert ping(ivr.server.port) == b"pong\n"


def test_a_ping_is_answered_however_many_calls_are_here() -> None:
    held = threading.Event()

    def lead(_: Session) -> None:
        held.wait(SETTLE_S)

    server = Server(("127.0.0.1", 0), max_calls=lambda: 2, lead=lead)
    server.start()
    callers = [Caller(server.port) for _ in range(2)]
    eventually(lambda: server.calls == 2, what="both are led")
    one_more = Caller(server.port)
    assert one_more.hears() == ""
    assert ping(server.port) == b"pong\n"
    held.set()
    eventually(lambda: server.calls == 0, what="all calls are over")
    for caller in (*callers, one_more):
        caller.close()
    server.stop(deadline_s=1)


def test_silent_strangers_do_not_keep_callers_out(ivr: Ivr) -> None:
    strangers = [socket.create_connection(("127.0.0.1", ivr.server.port)) for _ in range(20)]
    strangers[0].sendall(b"GET / HTTP/1.0\r\n\r\n")
    caller = Caller(ivr.server.port)
    assert caller.hears().startswith("GET DATA")
    assert ping(ivr.server.port) == b"pong\n"
    for stranger in strangers:
        stranger.close()
    caller.close()


def test_a_call_that_fails_takes_no_other_along(caplog: pytest.LogCaptureFixture) -> None:
    def lead(session: Session) -> None:
        raise RuntimeError(session.env["agi_extension"])

    server = Server(("127.0.0.1", 0), max_calls=lambda: 2, lead=lead)
    server.start()
    for _ in range(3):
        caller = Caller(server.port)
        assert caller.hears() == ""
        caller.close()
    eventually(lambda: server.calls == 0, what="all calls are over")
    assert caplog.text.count("could not be led on") == 3
    server.stop(deadline_s=1)


def test_a_bad_centre_file_leaves_the_old_menus_in_force(
    ivr: Ivr, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "centre.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("1: queue sales", "1: queue nowhere"), encoding="utf-8")
    ivr.reload()
    assert "nowhere" in caplog.text
    before = Caller(ivr.server.port)
    before.hears()
    file.write_text(good.replace("1: queue sales", "1: queue support"), encoding="utf-8")
    ivr.reload()
    after = Caller(ivr.server.port)
    after.hears()
    assert "TRIUNE_QUEUE=sales," in before.gives("1"), "a call keeps the menus that it came with"
    assert "TRIUNE_QUEUE=support," in after.gives("1")
    before.close()
    after.close()


def test_a_stop_lets_calls_finish_then_cuts_them_and_takes_no_new_one(ivr: Ivr) -> None:
    port = ivr.server.port
    quick, slow = Caller(port), Caller(port)
    for caller in (quick, slow):
        caller.hears()
    stopping = threading.Thread(target=ivr.server.stop, kwargs={"deadline_s": 0.5})

    def refused() -> bool:
        try:
            return ping(port) == b""
        except OSError:
            return True

    began = time.monotonic()
    with awake() as passed_s:
        stopping.start()
        eventually(refused, what="no more calls are taken")
        assert "TRIUNE_QUEUE=sales," in quick.gives("1")
        quick.gives("0")
        assert slow.hears() == ""
        stopping.join(timeout=SETTLE_S)
        assert passed_s() < 2
    assert time.monotonic() - began > 0.4
    quick.close()
    slow.close()


# -- the process -------------------------------------------------------------------------------------------------------
@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`python -m ivr` with everything named, no home."""
    (tmp_path / "token").write_text("word\n")
    (tmp_path / "centre.yaml").write_bytes(DEMO.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--agi-port", str(port), "--web-url", "http://127.0.0.1:9", "--token-file", str(tmp_path / "token")]
    arguments += [
        "--prompts",
        str(tmp_path / "prompts"),
        "--centre",
        str(tmp_path / "centre.yaml"),
        "--stop-limit",
        "0.2",
    ]
    command = [sys.executable, "-m", "ivr", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=DEMO.parents[1]) as started:

        def answers() -> bool:
            assert started.poll() is None, started.communicate()[1]
            try:
                return ping(port) == b"pong\n"
            except ConnectionRefusedError:
                return False

        try:
            eventually(answers, what="it answers")
            yield started, port
        finally:
            started.kill()


def test_the_process_serves_reads_anew_and_stops(process: tuple[subprocess.Popen[str], int], tmp_path: Path) -> None:
    started, port = process
    file = tmp_path / "centre.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("1: queue sales", "1: queue support"), encoding="utf-8")
    started.send_signal(signal.SIGHUP)

    def anew() -> bool:
        caller = Caller(port)
        caller.hears()
        said = caller.gives("1")
        caller.close()
        return "TRIUNE_QUEUE=support," in said

    eventually(anew, what="the new menus are in force")
    waiting = Caller(port)
    waiting.hears()
    started.send_signal(signal.SIGTERM)
    assert waiting.hears() == ""
    waiting.close()
    assert started.wait(timeout=SETTLE_S) == 0


def test_a_frozen_process_answers_no_ping(process: tuple[subprocess.Popen[str], int]) -> None:
    started, port = process
    os.kill(started.pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        ping(port, timeout_s=0.3)
    os.kill(started.pid, signal.SIGCONT)
    assert ping(port) == b"pong\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--home", "/nonexistent"], "cti up --home /nonexistent"),
        ([], "Give --home"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ivr", *arguments],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=DEMO.parents[1],
    )  # fmt: skip
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
