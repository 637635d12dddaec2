"""The rendered configuration on a real Asterisk: quiet, on loopback only, and each number leads where it should."""

import asyncio
import ipaddress
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.asterisk import node
from tests.asterisk.node import Nodes
from tests.running import PATIENCE_S, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

EPHEMERAL = 32_768


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nodes]:
    async with node.running(tmp_path_factory.mktemp("n")) as running:
        yield running


async def until_console_says(nodes: Nodes, command: str, words: str) -> str:
    """What the centre's Asterisk answers once these words are in it."""
    async with asyncio.timeout(PATIENCE_S):
        while words not in (said := await asyncio.to_thread(nodes.console, nodes.home.asterisk, command)):
            pass
        return said


def sockets(pids: dict[str, int]) -> list[tuple[str, str, int]]:
    """Kind, address and port of what these processes have bound."""
    lines = subprocess.run(["ss", "-lntupH"], capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for line in lines:
        if any(f"pid={pid}," in line for pid in pids.values()):
            kind, _, _, _, local, *_ = line.split()
            address, _, port = local.rpartition(":")
            found.append((kind, address.strip("[]").split("%")[0], int(port)))
    return found


def beyond_loopback(pids: dict[str, int]) -> list[tuple[str, str, int]]:
    """Bound beyond loopback, less pjproject's sockets for asking the name server (UDP, ports the kernel chose)."""
    return [
        (kind, address, port)
        for kind, address, port in sockets(pids)
        if not ipaddress.ip_address(address).is_loopback and not (kind == "udp" and port >= EPHEMERAL)
    ]


async def test_both_start_without_a_warning(nodes: Nodes) -> None:
    for part in ("asterisk", "carrier"):
        assert "modules will be loaded" in nodes.log(part)
        assert not re.findall(r".*(?:WARNING|ERROR).*", nodes.log(part))


async def test_an_echo_call_returns_the_callers_own_tone_and_binds_loopback_only(nodes: Nodes) -> None:
    async with node.carrier(nodes.home) as carrier:
        label = carrier.call("+78005550199", STAY_S="60", HEAR="1750")
        await carrier.until(lambda: "heard" in carrier.states(label))
        audio = [port for kind, _, port in sockets(nodes.pids) if kind == "udp" and port in nodes.home.ports.rtp]
        assert audio, "no audio port is bound, so nothing was shown"
        assert beyond_loopback(nodes.pids) == []
        nodes.console(nodes.home.carrier, "channel request hangup all")
        await carrier.until(lambda: "ended" in carrier.states(label))


async def test_an_unknown_number_hears_a_polite_end_and_leaves_a_line(nodes: Nodes) -> None:
    async with node.carrier(nodes.home) as carrier:
        label = carrier.call("+78009999999", STAY_S="60")
        await carrier.until(lambda: "ended" in carrier.states(label))
        ended = next(message for message in carrier.seen if message.get("State") == "ended")
        assert ended["Cause"] == "1"
    assert "+78009999999 which is no number of this centre" in nodes.log("asterisk")


@pytest.mark.parametrize("number", ["+78005550102", "78005550102", "+78005550100"])
async def test_without_engine_and_ivr_a_caller_hears_music_and_comes_to_the_static_queue(
    nodes: Nodes, number: str
) -> None:
    async with node.carrier(nodes.home) as carrier:
        label = carrier.call(number, STAY_S="40")
        await carrier.until(lambda: "answered" in carrier.states(label))
        await until_console_says(nodes, "core show channels concise", "to-queue-v1!support")
        assert "PJSIP/trunk" in await until_console_says(nodes, "queue show fallback-support", "1 calls")
        nodes.console(nodes.home.carrier, "channel request hangup all")
        await carrier.until(lambda: "ended" in carrier.states(label))


async def test_what_the_carrier_sent_stands_in_its_own_ledger(nodes: Nodes) -> None:
    async with node.carrier(nodes.home) as carrier:
        label = carrier.call("+78005550199", STAY_S="1", HEAR="1750")
        await carrier.until(lambda: "ended" in carrier.states(label))
    ledger = nodes.home.carrier.directory("log") / "cdr-custom" / "calls.csv"
    async with asyncio.timeout(PATIENCE_S):
        while label not in (text := await asyncio.to_thread(Path.read_text, ledger)):
            await asyncio.to_thread(nodes.console, nodes.home.carrier, "core show uptime")
    line = next(line for line in text.splitlines() if label in line)
    assert '"ANSWERED"' in line
    assert line.endswith('"1"')


@pytest.mark.parametrize("name", ["trunk", "stranger", "agent-101"])
async def test_whoever_calls_from_another_address_than_the_carriers_is_asked_for_a_password(
    nodes: Nodes, name: str
) -> None:
    assert (await asyncio.to_thread(answer_to_invite, nodes, name)).startswith("SIP/2.0 401")


def answer_to_invite(nodes: Nodes, name: str) -> str:
    """The first line of what the centre answers to a call of somebody who calls himself so; retransmits nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.settimeout(PATIENCE_S)
        stranger.bind((nodes.home.ports.CENTRE_ADDRESS, 0))
        host, port = stranger.getsockname()
        body = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
        lines = (
            f"INVITE sip:+78005550199@{host}:{nodes.home.ports.sip} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{name};rport",
            f"From: <sip:{name}@{host}>;tag=1",
            f"To: <sip:+78005550199@{host}>",
            f"Call-ID: {name}-{port}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{name}@{host}:{port}>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        )
        stranger.sendto("\r\n".join([*lines, "", body]).encode(), (host, nodes.home.ports.sip))
        answer = stranger.recv(65_536)
        while answer.startswith(b"SIP/2.0 1"):
            answer = stranger.recv(65_536)
        return answer.decode().partition("\r\n")[0]


async def test_an_agents_phone_cannot_leave_the_house(nodes: Nodes) -> None:
    shown = nodes.console(nodes.home.asterisk, "dialplan show +79161234567@from-agent-v1")
    assert "Goto(dead-end-v1,s,1)" in shown
    assert "Dial" not in shown


async def test_a_phone_that_forwards_is_refused_and_never_answered(nodes: Nodes) -> None:
    await asyncio.to_thread(ring_a_forwarding_phone, nodes)
    await soon(lambda: "dead end: Local call refused" in nodes.log("asterisk"), what="the forward is refused")
    await until_console_says(nodes, "core show channels", "0 active channels")


def ring_a_forwarding_phone(nodes: Nodes) -> None:
    """Ring a phone that answers 302 to a number outside."""
    home, phone, ports = nodes.home, "agent-101", nodes.home.ports
    switch = httpx.Client(
        base_url=f"{home.ari_url}/ari",
        auth=(home.secrets.ari_user, home.secrets.ari_password),
        timeout=PATIENCE_S,
        trust_env=False,
    )
    outside = httpx.Client(
        base_url=f"http://{ports.CARRIER_ADDRESS}:{ports.carrier_http}/ari",
        auth=("demo", home.secrets.carrier_ari_password),
        timeout=PATIENCE_S,
        trust_env=False,
    )
    with switch, outside:
        push(switch, "aor", phone, contact=f"sip:101@{ports.CARRIER_ADDRESS}:{ports.carrier_sip}")
        push(switch, "endpoint", phone, aors=phone, context="from-agent", allow="alaw", redirect_method="user")
        outside.post("/asterisk/variable", params={"variable": "PHONE_RING_S", "value": "forward"}).raise_for_status()
        ring = {"endpoint": f"PJSIP/{phone}", "context": "unknown", "extension": "s", "priority": "1", "timeout": "60"}
        switch.post("/channels", params=ring).raise_for_status()


def push(switch: httpx.Client, kind: str, name: str, **fields: str) -> None:
    """Make a PJSIP object as the engine does."""
    body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
    switch.put(f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}", json=body).raise_for_status()
