"""Bad input, and people who do not do what is expected: each ends in a sentence or cleanly, never in silence."""

import subprocess
import sys
from pathlib import Path

import pytest

from cti.demo.carrier import Carrier, Order, Seen, Step
from cti.demo.desks import Desks
from cti.domain.facts import ContactClosed, ContactQueued
from cti.domain.ids import ContactId
from cti.errors import OutsideError
from tests.e2e.floor import Floor, floor, hire
from tests.running import PATIENCE_S, RunningCentre, eventually, free_port_base, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

MENU = "+78005550100"
NOBODYS = "+78005559876"
EXTENSION = "271"


async def test_a_number_that_nobody_has_says_so_and_is_logged(centre: RunningCentre) -> None:
    seen: list[Seen] = []
    async with Carrier(centre.home()) as carrier:
        carrier.listen(seen.append)
        label = carrier.label()
        await carrier.watch_closely(label)
        call = await carrier.place(Order(label=label, caller="+79165559101", to=NOBODYS))
        await soon(call.answered.is_set, what="answered")
        await carrier.listen_to_centre(label)
        await soon(lambda: any(each.step is Step.SPEAKS for each in seen), what="something is said")
        await soon(call.ended.done, what="and the call is ended")
    assert f"{NOBODYS} which is no number of this centre" in centre.log("asterisk")


@pytest.mark.lesson(7)
async def test_without_a_registered_phone_one_is_not_ready_and_is_told_why(centre: RunningCentre) -> None:
    staff = await hire(centre, [EXTENSION])
    async with Desks(centre.endpoints().web, staff, works=False) as desks:
        await desks.connected()
        with pytest.raises(OutsideError, match="phone"):
            await desks.all[0]._post("/agent/readiness", {"ready": True})
        assert desks.all[0].state is not None
        assert desks.all[0].state.readiness == "not_ready"


async def in_the_menu(made: Floor, _centre: RunningCentre) -> None:
    await made.call("+79165559102", MENU)
    await soon(made.calls[0].answered.is_set, what="the menu speaks")


async def waiting(made: Floor, centre: RunningCentre) -> None:
    desk = made.agents.desks.all[0]
    desk._works = False
    await desk._post("/agent/readiness", {"ready": False, "reason": "break"})
    before = newest(centre)
    await made.call("+79165559103")
    await soon(lambda: queued(centre, after=before), what="he waits")


async def while_it_rings(made: Floor, _centre: RunningCentre) -> None:
    await made.carrier.behave(EXTENSION, ring_s=60, talk_s=0)
    await made.call("+79165559104")
    await soon(lambda: made.phones(Step.RINGING), what="the phone rings")


async def while_they_talk(made: Floor, _centre: RunningCentre) -> None:
    await made.call("+79165559105")
    await soon(lambda: made.phones(Step.HEARD) and made.callers(Step.HEARD), what="a talk")


async def while_on_hold(made: Floor, centre: RunningCentre) -> None:
    await while_they_talk(made, centre)
    desk = made.agents.desks.all[0]
    await desk._post(f"/assignments/{next(iter(desk.assignments))}/hold", None)
    await desk.until(lambda one: all(each.state == "held" for each in one.assignments.values()), limit_s=PATIENCE_S)


@pytest.mark.lesson(5)
@pytest.mark.lesson(23)
@pytest.mark.parametrize("stage", [in_the_menu, waiting, while_it_rings, while_they_talk, while_on_hold])
async def test_a_caller_may_hang_up_at_any_moment(centre: RunningCentre, stage: object) -> None:
    assert callable(stage)
    began = newest(centre)
    staff = await hire(centre, [EXTENSION])
    async with floor(centre, staff) as made:
        await stage(made, centre)
        await made.hang_up(made.calls)
        await soon(lambda: queued(centre, after=began) == closed(centre, after=began), what="every contact has an end")
        await soon(lambda: not channels(centre), what="no channel is left")
        made.agents.desks.all[0]._works = True
        await made.agents.desks.all[0]._post("/agent/readiness", {"ready": True})
        await made.agents.desks.ready(limit_s=PATIENCE_S)
        await made.carrier.behave(EXTENSION, ring_s=0, talk_s=0)
        before = len(made.phones(Step.HEARD))
        await made.call("+79165559106")
        await soon(lambda: len(made.phones(Step.HEARD)) > before, what="the next caller is served")


def channels(centre: RunningCentre) -> str:
    return centre.console("core show channels concise").strip()


def newest(centre: RunningCentre) -> int:
    return max((number for number, _ in centre.facts()), default=0)


def queued(centre: RunningCentre, *, after: int) -> set[ContactId]:
    return {fact.contact_id for number, fact in centre.facts() if number > after and isinstance(fact, ContactQueued)}


def closed(centre: RunningCentre, *, after: int) -> set[ContactId]:
    return {fact.contact_id for number, fact in centre.facts() if number > after and isinstance(fact, ContactClosed)}


def test_a_bad_centre_file_changes_nothing_and_every_mistake_in_it_is_named(centre: RunningCentre) -> None:
    parts = {part: centre.pid(part) for part in ("asterisk", "carrier", "ivr", "engine")}
    file, etc = centre.home().centre_file, centre.home().asterisk.etc
    good, in_force = file.read_text(encoding="utf-8"), etc.resolve()
    centre.kill("supervisor")
    try:
        broken = good.replace("to: queue sales", "to: queue salse", 1)
        broken = broken.replace("ring_limit_s: 15", "ring_limit_s: -1", 1)
        file.write_text(broken, encoding="utf-8")
        centre.start()
        lint = [sys.executable, "-m", "cti", "conf", "lint", "--home", str(centre.path)]
        done = subprocess.run(lint, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        told = done.stdout + done.stderr
        assert done.returncode != 0
        for word in ("centre.yaml", "salse", "ring_limit_s"):
            assert word in told, told
        assert "Traceback" not in told
        for line in (at_line(broken, "salse"), at_line(broken, "ring_limit_s: -1")):
            assert f":{line}" in told, told
        assert etc.resolve() == in_force
        assert {part: centre.pid(part) for part in parts} == parts
    finally:
        file.write_text(good, encoding="utf-8")


def at_line(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_ctrl_c_leaves_no_process_and_no_promise(tmp_path: Path) -> None:
    own = RunningCentre(tmp_path / "h", port_base=free_port_base()).start()
    pids = [own.pid(part) for part in ("supervisor", "asterisk", "carrier", "ivr", "engine")]
    assert own.stop() == 0
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="all have ended")
    assert not (own.path / "endpoints.json").exists()
    assert not processes_of(own.path)


def processes_of(home: Path) -> list[str]:
    """Command lines that name this home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in command:
            found.append(command.decode(errors="replace"))
    return found
