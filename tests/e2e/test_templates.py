"""Templates and centre file on the live system: changed, heard, taken back, broken, cut short; calls notice nothing."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from cti.demo.carrier import Call, Step
from cti.dialplan import versions
from cti.dialplan.releases import HOUSE_EVERY_S
from cti.domain.facts import ContactQueued
from tests.browser import telephony
from tests.browser.telephony import MENU, SUPPORT, Lines
from tests.e2e.floor import floor, hire
from tests.running import PATIENCE_S, RunningCentre, eventually, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

DIALPLAN: Final = "extensions.conf.j2"
ECHO_NUMBER: Final = "+78005550199"
ECHO: Final = " same => n,Answer()\n same => n,Echo()"
TONE: Final = " same => n,Answer()\n same => n,PlayTones(1150)\n same => n,Wait(120)"
"""What a caller of the emulated carrier listens for, in place of his own voice."""


@dataclass(frozen=True, slots=True)
class Office:
    """An admin with the API in hand."""

    centre: RunningCentre
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, **given: Any) -> Any:
        answer = await self.client.request(method, path, **given)
        assert answer.is_success, answer.text
        return answer.json()

    async def text(self, name: str) -> str:
        drafts = (await self.ask("GET", "/templates"))["drafts"]
        return next(str(one["text"]) for one in drafts if one["name"] == name)

    async def change(self, old: str, new: str, *, name: str = DIALPLAN) -> None:
        text = await self.text(name)
        assert old in text
        body = {"text": text.replace(old, new, 1), "base": text}
        await self.ask("PUT", f"/templates/{name}", json=body)

    async def apply(self, reason: str = "a test") -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self.ask("POST", "/conf/apply", json={"reason": reason})
        return found

    async def in_force(self) -> int:
        history = await self.ask("GET", "/conf/history")
        return next(int(one["version"]) for one in history if one["in_force"])

    async def rollback(self, version: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self.ask(
            "POST", "/conf/rollback", json={"version": version, "reason": "test over"}
        )
        return found


@asynccontextmanager
async def office(centre: RunningCentre) -> AsyncIterator[Office]:
    """The configuration is as before when it is left."""
    found = centre.endpoints()
    assert found.demo is not None
    async with httpx.AsyncClient(base_url=f"{found.web}/api/v1", timeout=2 * PATIENCE_S, trust_env=False) as client:
        admin = found.demo.admin
        given = {"login": admin.login, "password": admin.password}
        token = (await client.post("/tokens", json=given)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        made = Office(centre, client)
        before = await made.in_force()
        try:
            yield made
        finally:
            with contextlib.suppress(httpx.TransportError):
                await client.delete(f"/templates/{DIALPLAN}")
                await client.delete("/templates/centre.yaml")
                if await made.in_force() != before:
                    assert (await made.rollback(before))["kept"]


def channels(centre: RunningCentre, number: str = "") -> list[str]:
    """Context and application of every call from the carrier, as Asterisk has it now."""
    rows = [line.split("!") for line in centre.console("core show channels concise").splitlines() if "!" in line]
    return [f"{row[1]} {row[5]}" for row in rows if row[0].startswith("PJSIP/trunk") and number in (row[2], "")]


async def press(lines: Lines, call: Call, key: str) -> None:
    await lines.manager.ask("PlayDTMF", {"Channel": f"call-{call.order.label}", "Digit": key, "Duration": "200"})


async def test_a_change_is_heard_by_the_next_caller_and_nobody_in_a_call_notices(centre: RunningCentre) -> None:
    (agent,) = await hire(centre, ["261"])
    async with office(centre) as admin, floor(centre, [agent]) as made, telephony.lines(centre) as lines:
        old = await admin.in_force()
        ended: list[str] = []
        lines.carrier.listen(lambda seen: ended.append(seen.label) if seen.step is Step.ENDED else None)

        talking = await lines.call("+79165558001", SUPPORT)
        await lines.hears_agent(talking)
        waiting = await lines.call("+79165558002", SUPPORT)
        await soon(lambda: f"to-queue-v{old} Stasis" in str(channels(centre)) or _queued(centre) > 1, what="he waits")
        in_menu = await lines.call("+79165558003", MENU)
        await soon(lambda: any(one.startswith(f"ivr-v{old} AGI") for one in channels(centre)), what="he is in the menu")

        await admin.change(ECHO, TONE)
        outcome = await admin.apply("the echo becomes a tone")
        assert outcome["kept"], outcome
        new = outcome["version"]

        assert ended == []
        await lines.hears_agent(talking)
        await press(lines, in_menu, "2")
        await soon(lambda: any(one.startswith(f"to-queue-v{old} ") for one in channels(centre)), what="his old way on")

        changed = await lines.call("+79165558004", ECHO_NUMBER)
        await lines.hears_agent(changed)
        assert any(one.startswith(f"from-trunk-v{new} Wait") for one in channels(centre))

        assert (await admin.rollback(old))["kept"]
        assert ended == []
        await lines.hears_agent(talking)
        await lines.hears_agent(changed)
        again = await lines.call("+79165558005", ECHO_NUMBER)
        await soon(lambda: any(one.startswith(f"from-trunk-v{old} Echo") for one in channels(centre)), what="an echo")

        await lines.hang_up(talking)
        await lines.hears_agent(waiting)
        await lines.hang_up(waiting)
        await lines.hears_agent(in_menu)
        for call in (in_menu, changed, again):
            await lines.hang_up(call)
        assert made.callers(Step.ENDED) == []


def _queued(centre: RunningCentre) -> int:
    return sum(1 for one in channels(centre) if "Stasis" in one)


BROKEN = {
    "no template": (ECHO, "{% if %}"),
    "an unknown name": (ECHO, "; {{ nobodys }}"),
    "a break-out": (ECHO, "; {{ ''.__class__ }}"),
    "a bracket too few": (ECHO, f" same => n,Set(A=${{B)\n{ECHO}"),
    "a way to nowhere": (ECHO, " same => n,Goto(nowhere,s,1)"),
    "a circle": (ECHO, " same => n(a),Set(B=1)\n same => n,Goto(a)"),
    "a trunk for all": (ECHO, " same => n,Dial(PJSIP/${FILTER(+0-9,${CALLERID(num)})}@trunk)\n same => n,Hangup()"),
    "a caller's words": (ECHO, f" same => n,Log(NOTICE,${{CALLERID(name)}})\n{ECHO}"),
    "a program": (ECHO, f" same => n,System(id)\n{ECHO}"),
    "no such sound": (ECHO, f" same => n,Playback(nobodys)\n{ECHO}"),
    "no probe": ("[{{ v.CONTEXT_PROBE }}]", "[tried]"),
}


async def test_no_broken_template_goes_live(centre: RunningCentre) -> None:
    async with office(centre) as admin:
        old = await admin.in_force()
        text = centre.home().asterisk.etc / DIALPLAN.removesuffix(".j2")
        await soon(
            lambda: versions.versions_in(text.read_text(encoding="utf-8")) == {old},
            what="the versions of other calls are dropped",
            within_s=HOUSE_EVERY_S + PATIENCE_S,
        )
        before = _dialplan(centre)
        for kind, (good, bad) in BROKEN.items():
            await admin.change(good, bad)
            outcome = await admin.apply()
            assert not outcome["kept"], kind
            assert any(flaw["severity"] == "error" for flaw in outcome["flaws"]), kind
            await admin.client.delete(f"/templates/{DIALPLAN}")
        assert await admin.in_force() == old
        assert _dialplan(centre) == before


def _dialplan(centre: RunningCentre) -> str:
    """Asterisk's own view, without its count of what it printed."""
    return re.sub(r"-= .* =-", "", centre.console("dialplan show"))


async def test_a_new_number_and_queue_of_the_centre_file_take_calls_without_a_restart(centre: RunningCentre) -> None:
    async with office(centre) as admin, telephony.lines(centre) as lines:
        pids = {part: centre.pid(part) for part in ("asterisk", "ivr", "engine")}
        queue = "  complaints:\n    name: {en: Complaints, ru: Жалобы}\n    project: telecom\n  mail:\n"
        number = '  "+78005550177":\n    to: queue complaints\n    project: telecom\n    about: {en: new, ru: новый}\n'
        await admin.change("  mail:\n", queue, name="centre.yaml")
        await admin.change('  "+78005550199":\n', f'{number}  "+78005550199":\n', name="centre.yaml")
        outcome = await admin.apply("a number for complaints")
        assert outcome["kept"], outcome
        call = await lines.call("+79165558011", "+78005550177")
        await soon(
            lambda: any(isinstance(one, ContactQueued) and one.queue_id == "complaints" for _, one in centre.facts()),
            what="the contact waits in the new queue",
        )
        assert "fallback-complaints" in await asyncio.to_thread(centre.console, "queue show fallback-complaints")
        await lines.hang_up(call)
        assert {part: centre.pid(part) for part in pids} == pids


async def test_a_kill_in_the_midst_of_an_apply_leaves_one_whole_version_and_the_call(centre: RunningCentre) -> None:
    async with office(centre) as admin, telephony.lines(centre) as lines:
        old = await admin.in_force()
        call = await lines.call("+79165558021", ECHO_NUMBER)
        await soon(lambda: any("Echo" in one for one in channels(centre)), what="a call")
        await admin.change(ECHO, TONE)
        applying = asyncio.create_task(admin.apply())
        begun = centre.path / "conf" / "applying.json"
        await soon(begun.exists, what="the apply has begun")
        killed = centre.kill("engine")
        with contextlib.suppress(httpx.TransportError):
            await applying
        await soon(lambda: centre.is_back("engine", after=killed), what="a new engine")
        await soon(lambda: not begun.exists(), what="it is decided")
        assert not call.ended.done()
    async with office(centre) as admin:
        history = await admin.ask("GET", "/conf/history")
        now = await admin.in_force()
        assert history[0]["action"] in ("recovered", "apply")
        assert f"version {now} is in force" in history[0]["words"] or history[0]["action"] == "apply"
        door = centre.console("dialplan show s@probe")
        assert versions.named("probe", now) in door
        if now != old:
            assert (await admin.rollback(old))["kept"]
    eventually(centre.is_whole, what="every part serves")
