"""What a waiting caller is told, as a list of media that ARI plays one after the other. Pure; called by `switch`.

Our own sentences are prompts of `cti.prompts.OWN`, recorded or spoken; numbers are Asterisk's recordings, which it
plays in the channel's language. They are files one by one, not its `number:`: Asterisk refuses to stop a number, and
one that goes on keeps the caller from his agent. A sentence that cannot be had gives way to one of Asterisk's; without
a word for the key, nothing is offered.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

from cti.domain.commands import Announce
from cti.prompts import Own

RINGING: Final = ("tone:ring",)
"""What an agent hears while his customer is being called; it does not end by itself."""
_BEEP: Final = "beep"
_INSTEAD: Final = {
    Own.QUEUE_POSITION: "queue-thereare",
    Own.QUEUE_WAIT: "queue-holdtime",
    Own.QUEUE_WAIT_SHORT: "queue-thankyou",
    Own.CALLBACK_PROMISED: "queue-thankyou",
    Own.NO_AGENT: "im-sorry",
}
_MINUTE_MS: Final = 60_000

Sounds = Callable[[str, str], str | None]
"""Prompt's key and language → path of the sound without its ending; None when there is none. Must not block."""


def announcement(command: Announce, *, language: str, sounds: Sounds, may_offer: bool) -> tuple[str, ...]:
    """The media of this announcement; empty when there is nothing to say.

    `may_offer`: whether the caller has a number on which he can be called back.
    """
    return tuple(_announcement(command, language=language, sounds=sounds, may_offer=may_offer))


def _announcement(command: Announce, *, language: str, sounds: Sounds, may_offer: bool) -> Iterator[str]:
    if command.position is not None:
        yield _sentence(Own.QUEUE_POSITION, language, sounds)
        yield from _number(command.position)
    if command.expected_ms is not None:
        if command.expected_ms < _MINUTE_MS:
            yield _sentence(Own.QUEUE_WAIT_SHORT, language, sounds)
        else:
            yield _sentence(Own.QUEUE_WAIT, language, sounds)
            yield from _number(ceil(command.expected_ms / _MINUTE_MS))
            if sounds(Own.QUEUE_WAIT, language) is None:
                yield "sound:queue-minutes"
    if command.offer_callback and may_offer and (offer := sounds(Own.CALLBACK_OFFER, language)) is not None:
        yield f"sound:{offer}"


def promise(*, language: str, sounds: Sounds) -> str:
    """The sound of the promise to call back, without its ending."""
    return sounds(Own.CALLBACK_PROMISED, language) or _INSTEAD[Own.CALLBACK_PROMISED]


def apology(prompt: str | None, *, language: str, sounds: Sounds) -> str:
    """The sound for a campaign's callee for whom there is no agent: the campaign's prompt, or our own sentence."""
    own = sounds(prompt, language) if prompt is not None else None
    return own or sounds(Own.NO_AGENT, language) or _INSTEAD[Own.NO_AGENT]


def greeting(prompt: str | None, *, language: str, sounds: Sounds) -> str:
    """The sound that a destination greets with: its prompt, or a beep."""
    return (sounds(prompt, language) if prompt is not None else None) or _BEEP


def _number(number: int) -> Iterator[str]:
    """Up to 99 as a number, above digit by digit: not every language's recordings have hundreds."""
    if number > 99:
        parts = [int(digit) for digit in str(number)]
    elif number > 20 and number % 10:
        parts = [number // 10 * 10, number % 10]
    else:
        parts = [number]
    return (f"sound:digits/{part}" for part in parts)


def _sentence(prompt: Own, language: str, sounds: Sounds) -> str:
    return f"sound:{sounds(prompt, language) or _INSTEAD[prompt]}"
