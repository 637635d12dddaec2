"""An agent on another computer: pages, events and softphone over TLS, audio over the network between the two.

The other computer is a network namespace with a Chromium in it, so these tests need root. The carrier is a SIPp at the
trunk that the centre file names.
"""

import asyncio
import os
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cti import shipped
from cti.home import DemoAgent
from cti.setup.tools import find_program
from tests.browser.desktop import AGENT_HZ, CALLER_HZ, start_chromium
from tests.e2e.caller import caller
from tests.e2e.floor import SUPPORT, hire
from tests.running import PATIENCE_S, RunningCentre, free_port_base, soon

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="making another computer (a network namespace) needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="making another computer needs `ip`: apt install iproute2"),
]

CENTRE = "10.203.77.1"
ELSEWHERE = "10.203.77.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The centre, its certificate, and a program that is a browser on the other computer."""

    centre: RunningCentre
    certificate: Path
    browser: Path

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    folder = tmp_path_factory.mktemp("remote")
    space, here, there = f"triune{os.getpid()}", f"tr{os.getpid()}a", f"tr{os.getpid()}b"
    certificate, key = _certificate(folder)
    home = folder / "h"
    home.mkdir()
    (home / "centre.yaml").write_text(_centre_file(), encoding="utf-8")
    _do("ip", "netns", "add", space)
    try:
        _do("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
        _do("ip", "addr", "add", f"{CENTRE}/30", "dev", here)
        _do("ip", "link", "set", here, "up")
        for command in (f"addr add {ELSEWHERE}/30 dev {there}", f"link set {there} up", "link set lo up"):
            _do("ip", "-n", space, *command.split())
        browser = folder / "chromium"
        browser.write_text(f'#!/bin/sh\nexec ip netns exec {space} {find_program("chromium")} "$@"\n')
        browser.chmod(0o755)
        centre = RunningCentre(
            home,
            port_base=free_port_base(),
            extra=("--no-demo", "--listen", CENTRE, "--tls-cert", str(certificate), "--tls-key", str(key)),
        )
        try:
            yield Remote(centre=centre.start(), certificate=certificate, browser=browser)
        finally:
            centre.stop()
    finally:
        _do("ip", "netns", "del", space)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, timeout=PATIENCE_S, capture_output=True)


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    _do(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", "/CN=triune test", "-addext", f"subjectAltName=IP:{CENTRE}"),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    return certificate, key


def _centre_file() -> str:
    """The shipped one, with a carrier that calls from this machine's own address."""
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.strip().startswith("emulated: true"))
    return text.replace(line, f"    host: {CENTRE}\n    port: 5099")


async def test_an_agent_on_another_computer_is_called_and_both_sides_are_heard(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(remote.certificate))
    agent = (await hire(remote.centre, ["301"]))[0]
    web = remote.centre.endpoints().web
    async with (
        start_chromium(tmp_path, program=remote.browser) as chromium,
        chromium.desktop(web, agent, ignore_https_errors=True) as desk,
    ):
        await desk.be_ready()
        async with caller(
            to=SUPPORT,
            centre=remote.centre.endpoints().sip,
            address=CENTRE,
            port=5099,
            number="+79165550007",
            folder=tmp_path,
            hz=CALLER_HZ,
        ) as called:
            await desk.answer()
            await desk.hears(CALLER_HZ)
            await soon(lambda: called.sound.is_tone(AGENT_HZ), what="the caller hears the agent")
            await desk.click("hangup")
            assert await called.was_hung_up()
        await desk.finish("resolved")


def test_only_what_people_elsewhere_need_is_open_to_them(remote: Remote) -> None:
    centre, ports = remote.centre, remote.centre.home().ports
    pids = {str(pid) for pid in (centre.pid("asterisk"), centre.pid("ivr"), centre.pid("engine"))}
    listed = subprocess.run(["ss", "-Hlntp"], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    open_ports = {
        line.split()[3]
        for line in listed.splitlines()
        if any(f"pid={pid}," in line for pid in pids) and not line.split()[3].startswith("127.")
    }
    assert open_ports == {f"{CENTRE}:{port}" for port in (ports.web, ports.sip, ports.sips)}


async def test_the_softphones_line_is_for_those_who_are_signed_in_and_for_our_own_pages(remote: Remote) -> None:
    web = remote.centre.endpoints().web
    line = web.replace("https", "wss") + "/sip"
    sip = [Subprotocol("sip")]
    async with connect(line, ssl=remote.trust, subprotocols=sip, proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    with pytest.raises(Exception, match="403"):
        await connect(line, ssl=remote.trust, subprotocols=sip, proxy=None, origin="https://elsewhere.example")  # type: ignore[arg-type]  # a NewType


async def test_the_sessions_cookie_never_leaves_tls(remote: Remote) -> None:
    agent: DemoAgent = (await hire(remote.centre, ["301"]))[0]
    web = remote.centre.endpoints().web
    request = urllib.request.Request(
        f"{web}/api/v1/session",
        data=f'{{"login": "{agent.login}", "password": "{agent.password}"}}'.encode(),
        headers={"Content-Type": "application/json"},
    )
    answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=PATIENCE_S, context=remote.trust)
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
