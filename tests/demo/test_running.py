"""The demo's commands on a running centre: real SIP, real audio, the carrier's own count."""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cti.demo import centre as centres
from cti.demo.agents import Agents, Span
from cti.demo.carrier import Carrier, Order
from tests.running import PATIENCE_S, RunningCentre, free_port_base

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def centre() -> Iterator[RunningCentre]:
    """A demo centre for this module."""
    with tempfile.TemporaryDirectory(prefix="triune-") as folder:
        running = RunningCentre(Path(folder) / "home", port_base=free_port_base())
        try:
            yield running.start()
        finally:
            running.stop()


def demo(centre: RunningCentre, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cti", "demo", *arguments, "--home", str(centre.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]", *, within_s: float) -> tuple[int, str, str]:
    with process:
        said, complained = process.communicate(timeout=within_s)
    return process.returncode, said, complained


def result(process: "subprocess.Popen[str]", *, within_s: float) -> tuple[int, Any]:
    code, said, complained = ended(process, within_s=within_s)
    assert said, complained
    return code, json.loads(said)


def test_traffic_is_all_served_and_both_ledgers_agree(centre: RunningCentre) -> None:
    asked = ("--rate", "1", "--agents", "3", "--duration", "12", "--talk", "2.5", "--seed", "7", "--json")
    code, told = result(demo(centre, "traffic", *asked), within_s=300)
    assert told["findings"] == []
    assert code == 0
    carrier, engine = told["carrier"], told["engine"]
    assert carrier["sent"] >= 8
    assert carrier["sent"] == carrier["served"] == engine["arrived"] == engine["served"] == engine["closed"]
    assert carrier["lost"] == engine["abandoned"] == 0


def test_a_caller_whom_nobody_answers_is_told_and_hung_up_by_ctrl_c(centre: RunningCentre) -> None:
    process = demo(centre, "call", "--to", "+78005550102")
    assert process.stdout is not None
    for line in process.stdout:
        if "answered" in line or "rings" in line:
            break
    process.send_signal(signal.SIGINT)
    _, said, complained = ended(process, within_s=PATIENCE_S)
    assert "hangs up" in said, complained
    assert "ended" in said


def test_a_call_presses_its_keys_says_its_text_and_ends_by_itself(centre: RunningCentre) -> None:
    asked = ("--to", "+78005550100", "--digits", "9,2", "--say", "Good day", "--stay", "8")
    code, said, complained = ended(demo(centre, "call", *asked), within_s=2 * PATIENCE_S)
    assert code == 0, complained
    steps = [line.partition(" s  ")[2] for line in said.splitlines()]
    assert steps == [
        "+79165550001 calls +78005550100",
        "answered",
        "hears the centre",
        "presses 9",
        "presses 2",
        "ended: normal",
    ]


def test_a_number_that_is_not_the_centres_is_refused_with_those_that_are(centre: RunningCentre) -> None:
    code, _, complained = ended(demo(centre, "call", "--to", "+74951234567"), within_s=PATIENCE_S)
    assert code == 2
    assert "+74951234567" in complained
    assert "+78005550102" in complained


async def test_agents_answer_close_and_leave_nothing_behind(centre: RunningCentre) -> None:
    found = centres.find(centre.path)
    brief = Span.parse("0.3")
    async with Carrier(found.home) as carrier:
        async with Agents(
            found.web, carrier, found.agents[2:4], ring=brief, talk=Span.parse("0"), wrap_s=0.1
        ) as agents:
            order = Order(label=carrier.label(), caller="+79165550042", to="+78005550102", stay_s=2)
            call = await carrier.place(order)
            await asyncio.wait_for(call.ended, PATIENCE_S)
            closed = [desk.until(lambda desk: desk.closed > 0, limit_s=PATIENCE_S) for desk in agents.desks.all]
            await next(asyncio.as_completed(closed))
            assert sum(desk.closed for desk in agents.desks.all) == 1
            assert sum(line.answered for line in agents.lines.values()) == 1
        assert all(desk.state is None or desk.state.readiness != "ready" for desk in agents.desks.all)
        # the phones are gone: nobody becomes ready by them again
        assert not any([await carrier.holds(extension) for extension in agents.lines])
