"""`screenpop`: INVITE leaves the caller → the card is on the agent's desktop, beside the bare manager event.

A direct number, a free agent, a known customer with past contacts. Counted is the first message on the desktop's
WebSocket that names the customer and carries his last contacts. Beside it a plain manager client in this process, on
the same loop, notes when the same call's Newchannel event came: what a screen pop on AMI alone could not beat. The
caller is a UDP socket of this process, so one clock sees all three instants. Called by `cti.bench.commands`.
"""

import asyncio
import itertools
import statistics
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from cti.bench import caller, stage
from cti.bench.caller import Caller
from cti.bench.result import Result, percentile
from cti.bench.sipp import Phones
from cti.demo.desk import Desk
from cti.demo.desks import Desks
from cti.demo.manager import Fields, Manager
from cti.errors import OutsideError

NAME: Final = "screenpop"
AGENTS: Final = 20
RATE: Final = 5.0
WARM_UP_RATE: Final = 8.0
CALLS: Final = 300
TALK_MS: Final = 700
END_S: Final = 5.0
"""For the last calls to end."""

Say = Callable[[str], None]


class _Marks:
    """When event and pop of each caller were first seen; by his number in digits, seconds of the loop's clock."""

    def __init__(self) -> None:
        self.event: dict[str, float] = {}
        self.pop: dict[str, float] = {}

    def take_event(self, event: Fields) -> None:
        """Of the manager: the first channel of a call is the caller's."""
        if event.get("Event") == "Newchannel":
            number = _digits(event.get("CallerIDNum", ""))
            self.event.setdefault(number, asyncio.get_running_loop().time())

    def take_desk(self, desk: Desk) -> None:
        """Of a desktop, after each message: a pop counts with name and last contacts."""
        for assignment in desk.assignments.values():
            if assignment.card is not None and assignment.card.name and assignment.card.past:
                number = _digits(assignment.contact.address)
                self.pop.setdefault(number, asyncio.get_running_loop().time())

    def forget(self, number: str) -> None:
        """Before he calls again."""
        self.event.pop(_digits(number), None)
        self.pop.pop(_digits(number), None)


async def measure(say: Say) -> Result:
    """Run the benchmark, some two minutes. Raises OutsideError, SetupFailed when it cannot measure."""
    say(f"making a centre with {AGENTS} agents")
    marks = _Marks()
    async with AsyncExitStack() as stack:
        centre = await stack.enter_async_context(stage.running(agents=AGENTS))
        await stack.enter_async_context(Phones(centre.folder, port=centre.phones_port, talk_ms=TALK_MS))
        await centre.place_phones()
        desks = await stack.enter_async_context(
            Desks(centre.home.web_url, centre.people, wrap_s=1.0, changed=marks.take_desk)
        )
        await desks.ready(limit_s=60)
        line = await stack.enter_async_context(caller.line(centre.sip, port=centre.callers_port))
        everyone = stage.customers()
        say(f"{len(everyone)} customers call once, so that each has a past")
        await _call_all(line, marks, everyone, number=stage.DIRECT, rate=WARM_UP_RATE)
        ports = centre.home.ports
        manager = await Manager.connect(
            ports.CENTRE_ADDRESS,
            ports.ami,
            user=stage.READER,
            secret=centre.reader_secret,
            on_event=marks.take_event,
        )
        stack.push_async_callback(manager.close)
        say(f"{CALLS} calls at {RATE:g} a second")
        callers = list(itertools.islice(itertools.cycle(everyone), CALLS))
        taken = await _call_all(line, marks, callers, number=stage.DIRECT, rate=RATE)
        return _result(taken)


async def _call_all(
    line: Caller, marks: _Marks, callers: Sequence[str], *, number: str, rate: float
) -> list[tuple[float, float]]:
    """Call one after another; of each call the ms from its INVITE to the event and to the pop, if both were seen."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    sent: dict[str, float] = {}
    taken: list[tuple[float, float]] = []

    def settle(one: str) -> None:
        at = sent.pop(one, None)
        event, pop = marks.event.get(_digits(one)), marks.pop.get(_digits(one))
        if at is not None and event is not None and pop is not None:
            taken.append(((event - at) * 1000, (pop - at) * 1000))

    for place, one in enumerate(callers):
        await asyncio.sleep(max(0.0, began + place / rate - loop.time()))
        settle(one)
        marks.forget(one)
        sent[one] = loop.time()
        line.call(one, number)
    await asyncio.sleep(END_S)
    for one in list(sent):
        settle(one)
    return taken


def _result(taken: Sequence[tuple[float, float]]) -> Result:
    if len(taken) < CALLS // 2:
        raise OutsideError(f"Only {len(taken)} of {CALLS} calls reached a desktop with the customer's card.")
    bare, pops = [event for event, _ in taken], [pop for _, pop in taken]
    over = [pop - event for event, pop in taken]
    return Result(
        name=NAME,
        figures={
            "ratio_p50": round(statistics.median(pops) / statistics.median(bare), 2),
            "over_bare_event_p99_ms": round(percentile(over, 99), 2),
            "over_bare_event_p50_ms": round(statistics.median(over), 2),
            "p50_ms": round(statistics.median(pops), 2),
            "p99_ms": round(percentile(pops, 99), 2),
            "bare_p50_ms": round(statistics.median(bare), 2),
            "bare_p99_ms": round(percentile(bare, 99), 2),
            "calls": CALLS,
            "without_card": CALLS - len(taken),
        },
        goals={"ratio_p50": ("<=", 2), "over_bare_event_p99_ms": ("<=", 25), "without_card": ("<=", 0)},
        notes=(
            f"{RATE:g} calls a second to a direct number; nobody calls twice in half a minute: each card is looked up.",
            "The bare event and the pop are read in the same process on the same loop; only the pop has the card.",
        ),
    )


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))
