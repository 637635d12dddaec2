"""Recorded talks with real phones: which side each voice stands on, what a pause leaves out, and what a death costs."""

import asyncio
import json
import subprocess
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.desktop import AGENT_HZ, CALLER_HZ
from tests.browser.sipp import _decoded
from tests.browser.telephony import SALES, Lines
from tests.e2e.test_transfers import Person, people, talking
from tests.running import PATIENCE_S, RunningCentre, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

RATE = 8_000
FRAME = RATE // 50
HEAD = 58


@dataclass(frozen=True)
class Sides:
    """What stands on both sides of a recording: per 20 ms `caller`, `agent`, `silence` or `something`."""

    left: list[str]
    right: list[str]

    def spans(self, side: Sequence[str], what: str) -> list[tuple[int, int]]:
        """Where this stands for at least 100 ms, in frames, from and up to."""
        found, begun = [], None
        for at, each in enumerate([*side, ""]):
            if each == what:
                begun = at if begun is None else begun
            elif begun is not None:
                if at - begun >= 5:
                    found.append((begun, at))
                begun = None
        return found


def sides(wav: bytes) -> Sides:
    assert wav[:4] == b"RIFF"
    samples = array("h", (_decoded(code) for code in wav[HEAD:]))
    return Sides(left=_said(samples[0::2]), right=_said(samples[1::2]))


def _said(samples: Sequence[int]) -> list[str]:
    return [_what(samples[at : at + FRAME]) for at in range(0, len(samples) - FRAME + 1, FRAME)]


def _what(frame: Sequence[int]) -> str:
    power = sum(each * each for each in frame)
    if max(map(abs, frame)) < 50:
        return "silence"
    for name, hz in (("caller", CALLER_HZ), ("agent", AGENT_HZ)):
        turn = 2 * pi * hz / RATE
        re = sum(each * cos(turn * at) for at, each in enumerate(frame))
        im = sum(each * sin(turn * at) for at, each in enumerate(frame))
        if 2 * (re * re + im * im) / (len(frame) * power) > 0.8:
            return name
    return "something"


def cti(centre: RunningCentre, *given: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cti", "recordings", *given, "--home", str(centre.path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


async def kept(centre: RunningCentre, contact_id: str) -> list[dict[str, Any]]:
    """What is kept of this contact, once something is."""

    def listed() -> list[dict[str, Any]]:
        return [one for one in json.loads(cti(centre, "list", "--json")) if one["contact_id"] == contact_id]

    await soon(lambda: bool(listed()), what="the recording is kept")
    return listed()


def played(centre: RunningCentre, one: dict[str, Any], target: Path) -> Sides:
    """What stands on this recording."""
    cti(centre, "play-to-file", one["recording_id"], str(target))
    return sides(target.read_bytes())


def contact_of(person: Person) -> str:
    return person.desk.assignments[person.talk].contact.contact_id


def clear_sound(centre: RunningCentre) -> list[str]:
    spool = centre.home().recording_spool
    return [path.name for path in spool.iterdir()]


async def recorded(person: Person, state: str) -> None:
    """Wait until his page would show that."""
    url = str(person.http.base_url.join(f"assignments/{person.talk}/recording"))
    headers = dict(person.http.headers)

    def now() -> bool:
        answer = httpx.get(url, headers=headers, timeout=PATIENCE_S, trust_env=False)
        return answer.is_success and bool(answer.json()["state"] == state)

    await soon(now, what=f"the recording is {state}")


async def test_customer_left_agents_right_a_pause_silent_on_both_and_the_next_agent_on_the_right(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    async with people(centre, ["285", "286"], tmp_path, skill="sales", wrap_s=0.2) as everybody:
        call, ann, bob = await talking(lines, everybody, "+79165559201", to=SALES)
        contact_id = contact_of(ann)
        await recorded(ann, "on")
        await ann.does("recording/pause")
        await recorded(ann, "paused")
        await asyncio.sleep(1.5)  # how long it is silent is what is measured
        await ann.does("recording/resume")
        await ann.phone.hears(CALLER_HZ)

        await ann.does("invite", {"kind": "agent", "agent_id": bob.agent_id})
        await bob.phone.hears(AGENT_HZ)
        await ann.does("hand-over")
        await bob.has("active")
        await lines.hears_agent(call)
        await bob.phone.hears(CALLER_HZ)
        agents = {ann.agent_id, bob.agent_id}
        await lines.hang_up(call)

        (one,) = await kept(centre, contact_id)
        assert set(one["agents"]) == agents
        assert len(one["pauses"]) == 1
        heard = played(centre, one, tmp_path / "talk.wav")

        assert "agent" not in heard.left, "the customer's side has his voice only"
        assert "caller" not in heard.right, "and the agents' not his"
        (left,) = [span for span in heard.spans(heard.left, "silence") if span[1] - span[0] >= 50]
        begun, over = next(span for span in heard.spans(heard.right, "silence") if span[1] - span[0] >= 50)
        assert over - begun >= 70, "frames of 20 ms: a second and a half"
        assert max(abs(begun - left[0]), abs(over - left[1])) <= 2, "both sides at once, to 50 ms"
        after = [a for a, _ in heard.spans(heard.right, "agent") if a >= over]
        assert len(after) >= 2, "the first agent again, music, then the second"
        assert heard.right[-25:].count("agent") >= 20, "who took the talk over stands on the right to its end"
    assert clear_sound(centre) == []


async def test_it_goes_on_while_he_is_parked_and_with_the_colleague_who_fetches_him(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    async with people(centre, ["303", "304"], tmp_path, skill="sales", wrap_s=0.2) as everybody:
        call, ann, bob = await talking(lines, everybody, "+79165559203", to=SALES)
        contact_id = contact_of(ann)
        await recorded(ann, "on")
        await ann.phone.hears(CALLER_HZ)
        assert (await ann.http.post(f"assignments/{ann.talk}/park")).status_code == 200
        await lines.hears_something(call)
        assert (await bob.http.post(f"parked/{contact_id}/fetch")).status_code == 200
        await bob.has("active")
        await lines.hears_agent(call)
        await bob.phone.hears(CALLER_HZ)
        agents = {ann.agent_id, bob.agent_id}
        await lines.hang_up(call)

        (one,) = await kept(centre, contact_id)
        assert set(one["agents"]) == agents
        heard = played(centre, one, tmp_path / "talk.wav")
        assert ("agent" in heard.left, "caller" in heard.right) == (False, False)
        talks = heard.spans(heard.right, "agent")
        assert len(talks) >= 2, "one agent, music, the other"
        assert heard.right[-25:].count("agent") >= 20, "who fetched him stands on the right to its end"
        first, last = talks[0][1], talks[-1][0]
        assert "something" in heard.right[first:last], "he heard music meanwhile"
        assert heard.left[first:last].count("caller") > 0.8 * (last - first), "and what he said meanwhile is there"
    assert clear_sound(centre) == []


async def test_an_engine_that_dies_loses_no_second_and_records_nothing_that_was_paused(
    centre: RunningCentre, lines: Lines, tmp_path: Path
) -> None:
    async with people(centre, ["287", "288"], tmp_path, skill="sales", wrap_s=0.2) as everybody:
        call, ann, _ = await talking(lines, everybody, "+79165559202", to=SALES)
        contact_id = contact_of(ann)
        await recorded(ann, "on")
        await ann.phone.hears(CALLER_HZ)
        began_s = asyncio.get_running_loop().time()
        pid = centre.pid("engine")
        centre.kill("engine")
        await soon(lambda: centre.is_whole() and centre.pid("engine") != pid, what="another engine")
        await recorded(ann, "on")
        await ann.phone.hears(CALLER_HZ)

        await ann.does("recording/pause")
        pid = centre.pid("engine")
        centre.kill("engine")
        await soon(lambda: centre.is_whole() and centre.pid("engine") != pid, what="another engine")
        await recorded(ann, "paused")
        await ann.phone.hears(CALLER_HZ)
        await ann.does("recording/resume")
        await ann.phone.hears(CALLER_HZ)
        lasted_s = asyncio.get_running_loop().time() - began_s
        await lines.hang_up(call)

        (one,) = await kept(centre, contact_id)
        heard = played(centre, one, tmp_path / "talk.wav")
        assert lasted_s - 1 < len(heard.left) / 50 < lasted_s + PATIENCE_S
        (pause,) = one["pauses"]
        (left,) = [span for span in heard.spans(heard.left, "silence") if span[1] - span[0] >= 25]
        (right,) = [span for span in heard.spans(heard.right, "silence") if span[1] - span[0] >= 25]
        assert left[1] - left[0] >= (pause[1] - pause[0]) / 20 - 10, "silent all the while, engine or none"
        assert max(abs(left[0] - right[0]), abs(left[1] - right[1])) <= 2
        assert heard.left[left[1] + 5 : left[1] + 20].count("caller") == 15
    assert clear_sound(centre) == []
    assert "0 damaged" in cti(centre, "verify")
