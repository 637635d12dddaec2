"""One call into the centre, told as it happens.

Here: the caller's patience, when he presses a key, what he says. Not here: how calls are made (`cti.demo.carrier`) and
how lines are printed (`cti.demo.commands`).

Theory of operation. Keys are pressed as a caller would: the first once the centre has begun to speak (or after
`SILENCE_S` without a word), each further group after a pause in which the next question can begin. Digits of one group
follow each other quickly.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cti.config import Language
from cti.demo.carrier import Carrier, Order, Seen, Step, Who
from cti.demo.centre import Centre
from cti.errors import ConfigError, OutsideError, SetupFailed
from cti.prompts import Speech

SILENCE_S: Final = 3.0
LISTEN_S: Final = 1.0
"""How long he listens to a prompt that he knows."""
PAUSE_S: Final = 2.5
"""Between groups of digits."""
_KEY_S: Final = 0.35
_CAUSES: Final = {
    0: "nobody answered",
    1: "no such number",
    16: "normal",
    17: "busy",
    18: "nobody answered",
    19: "nobody answered",
    21: "refused",
    34: "all lines busy",
    38: "the network failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `digits` are groups, pressed one after the other."""

    caller: str
    to: str
    digits: tuple[str, ...] = ()
    say: str = ""
    stay_s: float = 600.0

    def __post_init__(self) -> None:
        if any(not group or set(group) - set("0123456789*#") for group in self.digits):
            raise ConfigError("--digits are keys of a telephone, groups divided by commas: 2 or 3,100001,1234.")
        if not 1 <= self.stay_s <= 3600:
            raise ConfigError(f"--stay must be between 1 and 3600 seconds, not {self.stay_s:g}.")
        number = self.caller.removeprefix("+")
        if not (number.isascii() and number.isdigit() and 3 <= len(number) <= 15):
            raise ConfigError(f"--from {self.caller!r} is no number; write it in full, such as +79165550001.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it went; spans in seconds from the call's start, None for what did not happen."""

    answered_s: float | None
    heard_s: float | None
    """When an agent's tone was heard for half a second."""
    ended_s: float
    cause: int
    reason: str


async def run(centre: Centre, wish: Wish, *, tell: Callable[[str], None], stop: asyncio.Event) -> Result:
    """Make the call and follow it to its end; `stop` makes the caller hang up. Raises OutsideError."""
    sound = await asyncio.to_thread(_speak, centre.home.prompts / "demo", wish.say) if wish.say else ""
    async with Carrier(centre.home) as carrier:
        caller = _Caller(carrier, wish, tell)
        carrier.listen(caller.take)
        return await caller.live(sound, stop)


class _Caller:
    def __init__(self, carrier: Carrier, wish: Wish, tell: Callable[[str], None]) -> None:
        self._carrier = carrier
        self._wish = wish
        self._tell = tell
        self._label = carrier.label()
        self._spoken_to = asyncio.Event()
        self._at_s: dict[Step, float] = {}

    async def live(self, sound: str, stop: asyncio.Event) -> Result:
        wish = self._wish
        order = Order(label=self._label, caller=wish.caller, to=wish.to, sound=sound, stay_s=wish.stay_s)
        await self._carrier.watch_closely(self._label)
        self._began_s = time.monotonic()
        self._say(f"{wish.caller} calls {wish.to}")
        call = await self._carrier.place(order)
        tasks = [
            asyncio.create_task(self._press_all(call.answered)),
            asyncio.create_task(self._hang_up_on(stop)),
        ]
        try:
            ways: list[asyncio.Future[Any]] = [call.ended, self._carrier.gone]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
        if not call.ended.done():
            raise OutsideError("The emulated carrier has gone away; `cti status` tells what runs.")
        return self._result(call.ended.result())

    def take(self, seen: Seen) -> None:
        if seen.who is not Who.CALLER or seen.label != self._label:
            return
        first = seen.step not in self._at_s
        self._at_s.setdefault(seen.step, seen.at_s)
        match seen.step:
            case Step.RINGING if first:
                self._say("rings")
            case Step.ANSWERED:
                self._say("answered")
            case Step.SPEAKS:
                if first:
                    self._say("hears the centre")
                self._spoken_to.set()
            case Step.HEARD:
                self._say("hears the agent's phone")
            case _:
                pass

    async def _press_all(self, answered: asyncio.Event) -> None:
        await answered.wait()
        await self._carrier.listen_to_centre(self._label)
        if not self._wish.digits:
            return
        try:
            await asyncio.wait_for(self._spoken_to.wait(), SILENCE_S)
            await asyncio.sleep(LISTEN_S)
        except TimeoutError:
            pass
        for number, group in enumerate(self._wish.digits):
            if number:
                await asyncio.sleep(PAUSE_S)
            self._say(f"presses {group if len(group) == 1 else '·' * len(group)}")
            for digit in group:
                await self._carrier.press(self._label, digit)
                await asyncio.sleep(_KEY_S)

    async def _hang_up_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._say("hangs up")
        await self._carrier.hang_up(self._label)

    def _result(self, end: Seen) -> Result:
        reason = _CAUSES.get(end.cause, f"cause {end.cause}")
        if not end.cause and Step.ANSWERED in self._at_s:
            reason = "normal"
        self._say(f"ended: {reason}")
        return Result(
            answered_s=self._since_start(Step.ANSWERED),
            heard_s=self._since_start(Step.HEARD),
            ended_s=round(end.at_s - self._began_s, 2),
            cause=end.cause,
            reason=reason,
        )

    def _since_start(self, step: Step) -> float | None:
        at_s = self._at_s.get(step)
        return None if at_s is None else round(at_s - self._began_s, 2)

    def _say(self, words: str) -> None:
        self._tell(f"{time.monotonic() - self._began_s:6.1f} s  {words}")


def _speak(folder: Path, text: str) -> str:
    """The text as a sound that the carrier can play; its path without the ending."""
    language = Language.RU if any("а" <= letter <= "я" for letter in text.lower()) else Language.EN
    target = folder / f"{hashlib.sha256(f'{language}{text}'.encode()).hexdigest()[:16]}.wav"
    if not target.exists():
        speech = Speech.find()
        if speech is None:
            raise SetupFailed("--say needs espeak-ng: run `make setup`, or install it from your distribution.")
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        unfinished.write_bytes(speech.speak(text[:1000], language))
        unfinished.replace(target)
    return str(target.with_suffix(""))
