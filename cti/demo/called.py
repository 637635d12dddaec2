"""The carrier's own count of those whom the centre calls: who answered, who had an agent, who was told sorry, or not.

Pure: folds the carrier's `Seen` records (`Carrier.watch_called` must have been asked, or nobody is seen to be spoken
to). Never asked of the engine, so that a campaign's cap can be counted apart from it. For the dialer's bench and tests.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from cti.demo.carrier import Seen, Step, Who

HUMANS: Final = frozenset("1237")
"""Last digits of numbers at which a human answers."""
TONE_S: Final = 0.5
"""An agent is known when his tone has been heard so long."""


@dataclass(slots=True, kw_only=True)
class Callee:
    """One call to somebody; instants as in `Seen`."""

    number: str
    dialled_s: float
    answered_s: float | None = None
    spoken_to_s: float | None = None
    """When the centre said the first thing to him, be it an agent or a message."""
    agent_s: float | None = None
    """When he began to hear an agent."""
    ended_s: float | None = None
    cause: int = 0

    @property
    def is_human(self) -> bool:
        """By his number."""
        return self.number[-1] in HUMANS

    @property
    def abandoned_s(self) -> float | None:
        """When a human was lost to whom no agent came: he was told so, or hung up; None for others, or not yet."""
        if not self.is_human or self.answered_s is None or self.agent_s is not None or self.ended_s is None:
            return None
        return self.ended_s if self.spoken_to_s is None else self.spoken_to_s

    @property
    def wait_s(self) -> float | None:
        """From his answer to an agent; None when he had none."""
        return None if self.agent_s is None or self.answered_s is None else self.agent_s - self.answered_s


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledCount:
    """The sums."""

    dialled: int
    answered: int
    """By whomever."""
    humans: int
    """Humans who answered and are with an agent, or have been, or whose call is over."""
    with_agent: int
    abandoned: int
    """Humans whose call ended without an agent."""
    told_late: int
    """Of these, those who were told nothing within two seconds, though they stayed so long."""
    longest_wait_s: float
    """Of those who had an agent."""
    dialled_again: tuple[str, ...]
    """Numbers that were called more than once."""

    @property
    def abandon_rate(self) -> float:
        """Of the humans who answered; 0 for none."""
        return self.abandoned / self.humans if self.humans else 0.0


@dataclass(slots=True, kw_only=True)
class CalledLedger:
    """Folds what the carrier sees of those called."""

    callees: dict[str, Callee] = field(default_factory=dict)
    """By the carrier's leg."""

    def take(self, seen: Seen) -> None:
        """Fold one record; others' are passed over."""
        if seen.who is not Who.CALLED:
            return
        if seen.step is Step.RINGING:
            self.callees[seen.leg] = Callee(number=seen.label, dialled_s=seen.at_s)
            return
        callee = self.callees.get(seen.leg)
        if callee is None:
            return
        match seen.step:
            case Step.ANSWERED:
                callee.answered_s = seen.at_s
            case Step.SPEAKS if callee.spoken_to_s is None:
                callee.spoken_to_s = seen.at_s
            case Step.HEARD if callee.agent_s is None:
                callee.agent_s = seen.at_s - TONE_S
            case Step.ENDED:
                callee.ended_s, callee.cause = seen.at_s, seen.cause
            case _:
                pass

    def count(self, *, within_s: float = 2.0) -> CalledCount:
        """The sums now. A human who waits just now is not decided, and counts in none but `answered`."""
        every = list(self.callees.values())
        answered = [one for one in every if one.answered_s is not None]
        humans = [one for one in answered if one.is_human and (one.agent_s is not None or one.ended_s is not None)]
        abandoned = [one for one in humans if one.agent_s is None]
        times = Counter(one.number for one in every)
        return CalledCount(
            dialled=len(every),
            answered=len(answered),
            humans=len(humans),
            with_agent=len(humans) - len(abandoned),
            abandoned=len(abandoned),
            told_late=sum(_was_left_in_silence(one, within_s) for one in abandoned),
            longest_wait_s=max((one.wait_s or 0.0 for one in humans), default=0.0),
            dialled_again=tuple(sorted(number for number, count in times.items() if count > 1)),
        )

    def moments(self) -> list[tuple[int, int]]:
        """Each time somebody was abandoned, in order: how many had been by then, and how many humans had answered."""
        every = self.callees.values()
        answered = sorted(one.answered_s for one in every if one.is_human and one.answered_s is not None)
        lost = sorted(at for one in every if (at := one.abandoned_s) is not None)
        return [(place, bisect_right(answered, at)) for place, at in enumerate(lost, 1)]


def _was_left_in_silence(callee: Callee, within_s: float) -> bool:
    assert callee.answered_s is not None
    assert callee.ended_s is not None
    first = callee.spoken_to_s if callee.spoken_to_s is not None else callee.ended_s
    return first - callee.answered_s > within_s
