"""Real calls: the emulated carrier calls the centre's Asterisk, which asks the real IVR process; no engine is there.

Without an engine a caller who leaves the IVR stands in the context `to-queue`, where his channel variables can be read.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import yaml

from cti import config, prompts
from cti.dialplan import render
from cti.home import Home, NodePaths, Settings
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from cti.variables import Lost
from ivr import lost
from tests.running import free_port_base

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
LIMIT_S = 30.0
ACCOUNT = "100001"
PIN = "739164820573"
"""Long enough to be found nowhere by chance."""


def until(found: Callable[[], Any], *, what: str) -> Any:
    """Wait for what the other processes are about to do; the first truthy answer."""
    deadline = time.monotonic() + LIMIT_S
    while not (answer := found()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        threading.Event().wait(0.05)
    return answer


class Service(ThreadingHTTPServer):
    """The engine's account service, as far as the IVR knows it; and why callers were lost."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.lost: Queue[str] = Queue()


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == lost.PATH:
            self.server.lost.put(asked["why"])
        right = asked == {"account": ACCOUNT, "pin": PIN}
        good = {"result": "ok", "balance_minor": 5050, "currency": "RUB", "status": "active", "ends_on": None}
        body = json.dumps(good if right else {"result": "wrong", "tries_left": 2}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Centre:
    """The running parts."""

    home: Home
    install: AsteriskInstall
    ivr: subprocess.Popen[bytes]
    lost: "Queue[str]"
    seen: set[str] = field(default_factory=set)

    def console(self, node: NodePaths, command: str) -> str:
        done = subprocess.run(
            self.install.console_command(node.conf, command), capture_output=True, text=True, timeout=10, check=False
        )
        return done.stdout

    def call(self, digits: str, *, stay_s: int = 60, after_s: float = 1, number: str = "+78005550100") -> None:
        """Have the carrier call and press; `w` is half a second of waiting."""
        wanted = f"DIGITS={digits},DIGITS_AFTER_S={after_s},STAY_S={stay_s}"
        action = {
            "Action": "Originate", "Channel": f"PJSIP/{number}@centre", "Context": "to-centre", "Exten": "s",
            "Priority": "1", "CallerID": "<+79161230001>", "Async": "true", "Variable": wanted,
        }  # fmt: skip
        ports = self.home.ports
        with socket.create_connection((ports.CARRIER_ADDRESS, ports.carrier_ami), timeout=5) as line:
            for one in (
                {
                    "Action": "Login",
                    "Username": "demo",
                    "Secret": self.home.secrets.carrier_ami_password,
                    "Events": "off",
                },
                action,
            ):
                line.sendall("".join(f"{name}: {value}\r\n" for name, value in one.items()).encode() + b"\r\n")
                heard = b""
                while b"\r\n\r\n" not in heard:
                    heard += line.recv(4096)
                assert b"Response: Success" in heard, heard

    def channels(self) -> list[list[str]]:
        return [
            line.split("!")
            for line in self.console(self.home.asterisk, "core show channels concise").splitlines()
            if "!" in line
        ]

    def queued(self) -> dict[str, str]:
        """The variables of the next caller who has come to a queue; he is hung up."""

        def arrived() -> str | None:
            fresh = (one[0] for one in self.channels() if one[1] == "to-queue-v1" and one[0] not in self.seen)
            return next(fresh, None)

        channel = until(arrived, what="a caller in a queue")
        self.seen.add(channel)
        shown = self.console(self.home.asterisk, f"core show channel {channel}")
        self.console(self.home.asterisk, f"channel request hangup {channel}")
        return dict(re.findall(r"^(TRIUNE_\w+)=(.*)$", shown, re.MULTILINE)) | dict(
            re.findall(r"^ +(Language): (\w+)", shown, re.MULTILINE)
        )

    def empty(self) -> None:
        until(lambda: not self.channels(), what="every call to end")

    def ivr_log(self) -> str:
        return self.home.log("ivr").read_text(encoding="utf-8")


def shortened() -> str:
    """The demo centre with prompts and waits that do not fill a test's time."""
    values = yaml.safe_load((ROOT / "asterisk-conf" / "centre.yaml").read_text(encoding="utf-8"))
    for name, prompt in values["prompts"].items():
        if name not in {"welcome", "account_state"}:
            prompt.update(en=name.replace("_", " "), ru="Нажмите")
    values["menus"]["main"]["timeout_s"] = 1
    values["account"].update(pin_digits=len(PIN), timeout_s=2)
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    home = Home.make(tmp_path_factory.mktemp("ivr"), Settings(port_base=free_port_base()))
    home.centre_file.write_text(shortened(), encoding="utf-8")
    loaded = config.load(home.centre_file)
    assert prompts.render_all(loaded, home.prompts) == 0
    install = asterisk.find()
    render.render_centre(loaded, home, install)
    render.render_carrier(home, install)
    with ExitStack() as stack:
        service = stack.enter_context(Service(("127.0.0.1", home.ports.web), Handler))
        threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        stack.callback(service.shutdown)

        def started(command: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=ROOT)
            stack.callback(process.wait, 10)
            stack.callback(process.kill)
            return process

        ivr = started((sys.executable, "-m", "ivr", "--home", str(home.path)), home.log("ivr"))
        for node, name in ((home.asterisk, "asterisk"), (home.carrier, "carrier")):
            started(install.start_command(node.conf), home.path / "logs" / f"{name}-console.log")
        running = Centre(home=home, install=install, ivr=ivr, lost=service.lost)
        until(lambda: "fully booted" in running.console(home.asterisk, "core waitfullybooted"), what="Asterisk")
        until(lambda: "fully booted" in running.console(home.carrier, "core waitfullybooted"), what="the carrier")
        until(lambda: "listens on port" in running.ivr_log(), what="the IVR")
        yield running


@pytest.fixture(autouse=True)
def nobody_left(centre: Centre) -> Iterator[None]:
    yield
    centre.empty()


def test_two_is_support(centre: Centre) -> None:
    centre.call("2")
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found["TRIUNE_PATH"]) == ("support", "telecom:open;main:2")
    assert (found["TRIUNE_LANGUAGE"], found.get("TRIUNE_ACCOUNT", "")) == ("en", "")
    assert found.get("TRIUNE_RETURNED", "") == ""


def test_a_chosen_language_goes_with_the_call(centre: Centre) -> None:
    centre.call("9ww1")
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found["TRIUNE_LANGUAGE"], found["Language"]) == ("sales", "ru", "ru")


def test_a_wrong_key_then_the_operator(centre: Centre) -> None:
    centre.call("7ww0")
    assert centre.queued()["TRIUNE_PATH"] == "telecom:open;main:7;main:0"


def test_silence_ends_at_the_operator(centre: Centre) -> None:
    centre.call("")
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found["TRIUNE_PATH"]) == ("support", "telecom:open;main:-;main:-;main:-")


def test_the_right_pin_proves_the_account_and_stands_nowhere_in_the_home(centre: Centre) -> None:
    centre.call(f"3ww{ACCOUNT}ww{PIN}wwww1")
    found = centre.queued()
    assert found["TRIUNE_ACCOUNT"] == ACCOUNT
    assert found["TRIUNE_PATH"] == "telecom:open;main:3;account:*;pin:*;pin:ok;main:1"
    assert list((centre.home.prompts / "en" / "said").glob("*.wav"))
    files = [path for path in centre.home.path.rglob("*") if path.is_file()]
    assert centre.home.log("ivr") in files
    assert [path for path in files if PIN.encode() in path.read_bytes()] == []


def test_three_wrong_pins_lead_to_the_operator(centre: Centre) -> None:
    centre.call("3" + "ww1#w7#ww" * 3)
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found.get("TRIUNE_ACCOUNT", "")) == ("support", "")
    assert found["TRIUNE_PATH"].count("pin:wrong") == 3


@pytest.mark.lesson(23)
@pytest.mark.parametrize(("digits", "stay_s"), [("", 2), (f"3ww{ACCOUNT}ww7391", 1)])
def test_a_caller_may_hang_up_in_a_prompt_and_in_his_pin(centre: Centre, digits: str, stay_s: int) -> None:
    centre.call(digits, stay_s=stay_s)
    assert centre.lost.get(timeout=LIMIT_S) == Lost.LEFT_MENU
    centre.empty()
    log = centre.ivr_log()
    assert not re.search(r"WARNING|ERROR|Traceback", log), log
    centre.call("2")
    assert centre.queued()["TRIUNE_QUEUE"] == "support"


def test_killing_the_ivr_leads_its_callers_to_the_operator(centre: Centre) -> None:
    """Last: the fixture's IVR is gone after it."""
    centre.call("")
    until(lambda: any(one[5] == "AGI" for one in centre.channels()), what="the call in the IVR")
    os.kill(centre.ivr.pid, signal.SIGKILL)
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found["TRIUNE_RETURNED"]) == ("support", "ivr_error")
    centre.call("")
    found = centre.queued()
    assert (found["TRIUNE_QUEUE"], found["TRIUNE_RETURNED"]) == ("support", "ivr_down")
