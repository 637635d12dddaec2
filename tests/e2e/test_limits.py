"""More calls than there is room for: who is refused, how, that those inside stay, and that it ends by itself."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from cti.demo.carrier import Call, Carrier, Order, Seen, Step
from cti.errors import ConfigError
from tests.running import PATIENCE_S, RunningCentre, eventually, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(600)]

SUPPORT = "+78005550102"


@contextlib.contextmanager
def limited(centre: RunningCentre, **limits: object) -> Iterator[None]:
    """Other limits in the centre file, brought into force as an admin does; the old ones afterwards."""
    file = centre.home().centre_file
    before = file.read_text(encoding="utf-8")
    changed: dict[str, Any] = yaml.safe_load(before)
    changed["limits"].update(limits)
    try:
        file.write_text(yaml.safe_dump(changed, allow_unicode=True, sort_keys=False), encoding="utf-8")
        apply(centre)
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        centre.make_whole()
        apply(centre)


def apply(centre: RunningCentre) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cti", "conf", "apply", "--home", str(centre.path)],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def refusing(centre: RunningCentre) -> str | None:
    """Why new calls are refused, as the engine says; None when they are not, or it does not answer."""
    try:
        answer = httpx.get(f"{centre.endpoints().web}/healthz", timeout=5, trust_env=False)
    except (httpx.TransportError, ConfigError):
        return None
    told = answer.json()["refusing"]
    return None if told is None else str(told["reason"])


class Callers:
    """Callers of one test, and what the carrier saw of them."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.seen: list[Seen] = []
        carrier.listen(self.seen.append)

    async def call(self, caller: str) -> Call:
        return await self.carrier.place(Order(label=self.carrier.label(), caller=caller, to=SUPPORT))

    async def refused(self, caller: str) -> bool:
        """Call, and be refused before anything is answered or rings; False when let in."""
        call = await self.call(caller)
        await soon(lambda: call.ended.done() or call.answered.is_set(), what="refused or let in")
        if not call.ended.done():
            await self.hang_up(call)
            return False
        return Step.ANSWERED not in [one.step for one in self.seen if one.label == call.order.label]

    async def hang_up(self, *calls: Call) -> None:
        for call in calls:
            await self.carrier.hang_up(call.order.label)
            await soon(call.ended.done, what="hung up")


@pytest.mark.parametrize("refusal", ["reject", "announce"])
async def test_one_call_more_than_there_are_lines_is_refused_and_those_inside_stay(
    centre: RunningCentre, refusal: str
) -> None:
    with limited(centre, max_calls=2, refusal=refusal):
        async with Carrier(centre.home()) as carrier:
            callers = Callers(carrier)
            inside = [await callers.call(f"+7916777010{place}") for place in range(2)]
            await soon(lambda: all(call.answered.is_set() for call in inside), what="both are in")
            if refusal == "reject":
                assert await callers.refused("+79167770102")
            else:
                told = await callers.call("+79167770102")
                await soon(told.answered.is_set, what="he is told that all lines are busy")
                await soon(told.ended.done, what="and let go")
            assert not any(call.ended.done() for call in inside)
            await soon(lambda: refusing(centre) == "lines", what="it is said")
            if refusal == "reject":
                assert centre.status()["refusing"]["reason"] == "lines"
            await callers.hang_up(inside[0])
            again = await callers.call("+79167770103")
            await soon(again.answered.is_set, what="there is room again")
            assert not inside[1].ended.done()
            await callers.hang_up(inside[1], again)


async def test_more_calls_in_a_second_than_are_let_in_are_refused_and_the_next_second_they_are_not(
    centre: RunningCentre,
) -> None:
    with limited(centre, calls_per_s=2, refusal="reject"):
        async with Carrier(centre.home()) as carrier:
            callers = Callers(carrier)
            calls = [await callers.call(f"+791677702{place:02}") for place in range(12)]
            await soon(lambda: all(call.answered.is_set() or call.ended.done() for call in calls), what="all decided")
            refused = [call for call in calls if call.ended.done()]
            let_in = [call for call in calls if call not in refused]
            assert refused
            assert let_in
            while await callers.refused("+79167770220"):  # this second is over soon; the test's own limit ends it
                pass
            assert not any(call.ended.done() for call in let_in)
            await callers.hang_up(*let_in)


async def test_an_overloaded_engine_shuts_the_entry_and_if_it_dies_the_entry_opens_by_itself(
    centre: RunningCentre,
) -> None:
    overload = {"loop_ms": 200, "mailbox_ms": 60_000, "journal_ms": 60_000, "switch_ms": 60_000, "after_s": 1}
    with limited(centre, refusal="reject", overload={**overload, "calm_s": 60}):
        async with Carrier(centre.home()) as carrier:
            callers = Callers(carrier)
            inside = await callers.call("+79167770301")
            await soon(inside.answered.is_set, what="he is in")
            with starved(centre.pid("engine")):
                await soon(lambda: refusing(centre) == "loop", what="the engine says that it is overloaded")
            assert await callers.refused("+79167770302")
            assert not inside.ended.done()
            with centre.held_back():
                engine = centre.kill("engine")

                async def let_in() -> bool:
                    return not await callers.refused("+79167770303")

                assert not await let_in(), "it is shut still"
                opened = False
                while not opened:  # each try takes a moment; the test's own limit ends it
                    opened = await let_in()
                assert not inside.ended.done()
            eventually(lambda: centre.is_back("engine", after=engine), within_s=240, what="another engine")
            await callers.hang_up(inside)


@contextlib.contextmanager
def starved(pid: int) -> Iterator[None]:
    """The process gets no processor for half of each second: it is alive, and late."""
    over = threading.Event()

    def pulse() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(0.5)
            os.kill(pid, signal.SIGCONT)
            over.wait(0.3)

    pulsing = threading.Thread(target=pulse)
    pulsing.start()
    try:
        yield
    finally:
        over.set()
        pulsing.join()
