"""What a campaign has learned of its callees and talks: how likely an answer is by the age of a dial, how talks last.

Each fact updates a record; nothing is assumed to be exponential, or to stay as it was:

- *The share of dials that a human answers* is a mean in which the newest of `MEMORY` dials count most; at first all
  count alike, together with a prior.
- *When dials end*, answered or not, by cells of `CELL_MS`. A dial of some age that still rings is answered with
  p·S(age) / (p·S(age) + (1 - p)·N(age)), S and N the shares of answers and of failures that come later than that.
- *Talks and wrap-ups* by a hazard that is constant within each of a few spans: ends within the span by the time spent
  in it, drawn towards the overall one while a span has seen little. A long tail is learned as a falling hazard.

Counts are halved when they grow old. The tables that decisions look up are made anew with every few facts, not with
each decision. Called by the folds of a campaign's facts and by `cti.domain.pacing.prediction`. Integers only.
"""

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cti.domain.ids import Milliseconds

ONE: Final = 1 << 16
"""A share of 1 in the tables."""
SPREAD_BITS: Final = 32
"""Tables hold `share << SPREAD_BITS | share·(1 - share)`: one sum adds up the expected number and its variance."""
CELL_MS: Final[Milliseconds] = 512
CELLS: Final = 128
"""Older dials count as this old."""
TALK_CELL_MS: Final[Milliseconds] = 4_096
TALK_CELLS: Final = 512
WRAP_CELL_MS: Final[Milliseconds] = 1_024
WRAP_CELLS: Final = 256
WAIT_MS: Final[Milliseconds] = 2_000
"""An answered callee waits so long: an agent who comes free that much after the horizon is not too late."""
MEMORY: Final = 500
"""Dials."""

_FINE: Final = 1 << 32
"""A share of 1, or a hazard of 1 a millisecond, where tables are made."""
_EVERY: Final = 16
"""Facts from one making of a table to the next; each of the first ones makes it."""
_PRIOR: Final = 10
"""Dials that the prior share weighs as much as."""
_OLD: Final = 2_048
"""Facts after which the counts of them are halved."""
_COUNT: Final = 1 << 12
"""One in a count: halving it a few times loses nothing to speak of."""
_SPANS_S: Final = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 1_536)
_SPANS_MS: Final = tuple(1_000 * second for second in _SPANS_S)
_MIDDLES_MS: Final = (*((a + b) // 2 for a, b in pairwise(_SPANS_MS)), 2 * _SPANS_MS[-1])
_DRAW: Final = 3
"""Ends that the overall hazard weighs as much as, in each span."""
_STEPS: Final = 6
"""Of the horizon, when a talk's end and the wrap-up after it are put together."""


class Lengths(Struct, frozen=True, kw_only=True, gc=False):
    """How long something lasts, learned from those that ended."""

    ended: tuple[int, ...] = (0,) * len(_SPANS_MS)
    """By span, in `_COUNT`s."""
    spent_ms: tuple[int, ...] = (0,) * len(_SPANS_MS)
    """By span, likewise: time spent in it by all that ended in it or later."""
    learned: int = 0


class Estimates(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of one campaign; begin with `nothing_learned`. The tables are for `prediction` alone."""

    share: int
    """Of dials, answered by a human; of 2^32."""
    dials: int
    """Learned."""
    answers: tuple[int, ...]
    """By cell of age, when answers came."""
    failures: tuple[int, ...]
    """By cell of age, when dials ended without one."""
    talks: Lengths
    wrap_ups: Lengths
    horizon_ms: Milliseconds = 0
    """The mean age of a dial at its answer."""
    by_age: tuple[int, ...] = ()
    """A ringing dial's share to be answered."""
    by_talk: tuple[int, ...] = ()
    """A talking agent's share to be free at the horizon, by how long he has been talking."""
    by_wrap_up: tuple[int, ...] = ()
    """Likewise of an agent in wrap-up."""


def nothing_learned(*, talk_ms: Milliseconds = 120_000, wrap_up_ms: Milliseconds = 15_000) -> Estimates:
    """A campaign's first estimates: three of ten dials are answered, after 3 to 18 s; talks as said, or unlike that."""
    early, late = 3_000 // CELL_MS, 18_000 // CELL_MS
    answers = tuple(_COUNT if early <= cell < late else 0 for cell in range(CELLS))
    failures = tuple(_COUNT if cell == 25_000 // CELL_MS else 0 for cell in range(CELLS))
    prior = Estimates(
        share=_FINE * 3 // 10,
        dials=0,
        answers=answers,
        failures=failures,
        talks=_with(Lengths(), talk_ms),
        wrap_ups=_with(Lengths(), wrap_up_ms),
    )
    return _with_agents(_with_ages(prior))


def learned_answer(estimates: Estimates, ring_ms: Milliseconds) -> Estimates:
    """After a human answered, `ring_ms` after the decision to dial."""
    return _after_dial(estimates, ring_ms, answered=True)


def learned_no_answer(estimates: Estimates, ring_ms: Milliseconds) -> Estimates:
    """After a dial came to nothing (busy, no answer, failed, a machine), `ring_ms` after the decision to dial."""
    return _after_dial(estimates, ring_ms, answered=False)


def learned_talk(estimates: Estimates, talk_ms: Milliseconds) -> Estimates:
    """After a talk ended."""
    talks = _with(estimates.talks, talk_ms)
    after = replace(estimates, talks=talks)
    return _with_agents(after) if _due(talks.learned) else after


def learned_wrap_up(estimates: Estimates, wrap_up_ms: Milliseconds) -> Estimates:
    """After a wrap-up ended and the agent was free again."""
    return replace(estimates, wrap_ups=_with(estimates.wrap_ups, wrap_up_ms))


def _due(learned: int) -> bool:
    return learned < _EVERY or learned % _EVERY == 0


def _after_dial(estimates: Estimates, ring_ms: Milliseconds, *, answered: bool) -> Estimates:
    cell = min(max(ring_ms, 0) // CELL_MS, CELLS - 1)
    weight = min(estimates.dials + 1 + _PRIOR, MEMORY)
    share = estimates.share + ((_FINE if answered else 0) - estimates.share) // weight
    counts = estimates.answers if answered else estimates.failures
    counts = (*counts[:cell], counts[cell] + _COUNT, *counts[cell + 1 :])
    dials = estimates.dials + 1
    after = replace(
        estimates,
        share=share,
        dials=dials,
        answers=_aged(counts if answered else estimates.answers, dials),
        failures=_aged(estimates.failures if answered else counts, dials),
    )
    return _with_ages(after) if _due(dials) else after


def _aged(counts: tuple[int, ...], learned: int) -> tuple[int, ...]:
    return counts if learned % _OLD else tuple(count >> 1 for count in counts)


def _with(lengths: Lengths, length_ms: Milliseconds) -> Lengths:
    """One more that ended after so long."""
    last = bisect_right(_SPANS_MS, max(length_ms, 0)) - 1
    ended, spent = list(lengths.ended), list(lengths.spent_ms)
    ended[last] += _COUNT
    spent[last] += _COUNT * (max(length_ms, 0) - _SPANS_MS[last])
    for span in range(last):
        spent[span] += _COUNT * (_SPANS_MS[span + 1] - _SPANS_MS[span])
    learned = lengths.learned + 1
    return Lengths(ended=_aged(tuple(ended), learned), spent_ms=_aged(tuple(spent), learned), learned=learned)


def _with_ages(estimates: Estimates) -> Estimates:
    """The horizon and the table of dials, made anew."""
    answers, failures, share = estimates.answers, estimates.failures, estimates.share
    all_answers, all_failures = sum(answers), sum(failures)
    age_ms = sum(count * cell for cell, count in enumerate(answers)) * CELL_MS // all_answers + CELL_MS // 2
    table = []
    for answers_before, failures_before in zip(_before(answers), _before(failures), strict=True):
        yes = share * (all_answers - answers_before) // all_answers
        no = (_FINE - share) * (all_failures - failures_before + _COUNT) // (all_failures + _COUNT)
        table.append(_packed(yes * ONE // (yes + no) if yes + no else 0))
    return replace(estimates, horizon_ms=age_ms, by_age=tuple(table))


def _before(counts: tuple[int, ...]) -> tuple[int, ...]:
    """By cell, how many fall into an earlier one."""
    return tuple(accumulate(counts[:-1], initial=0))


def _with_agents(estimates: Estimates) -> Estimates:
    """The tables of agents, made anew."""
    until_ms = estimates.horizon_ms + WAIT_MS
    talks, wrap_ups = _hazards(estimates.talks), _hazards(estimates.wrap_ups)
    step = until_ms // _STEPS
    wrapped = [_FINE - _lasts(wrap_ups, 0, until_ms - step * at - step // 2) for at in range(_STEPS)]
    by_talk, by_wrap_up = [], []
    for middle in _MIDDLES_MS:
        still = [_lasts(talks, middle, step * at) for at in range(_STEPS + 1)]
        free = sum((a - b) * done for (a, b), done in zip(pairwise(still), wrapped, strict=True))
        by_talk.append(_packed(free // (_FINE * _FINE // ONE)))
        by_wrap_up.append(_packed((_FINE - _lasts(wrap_ups, middle, until_ms)) // (_FINE // ONE)))
    return replace(
        estimates,
        by_talk=tuple([by_talk[span] for span in _SPAN_OF_TALK]),
        by_wrap_up=tuple([by_wrap_up[span] for span in _SPAN_OF_WRAP_UP]),
    )


def _spans(cell_ms: Milliseconds, cells: int) -> tuple[int, ...]:
    return tuple(bisect_right(_SPANS_MS, cell_ms * cell + cell_ms // 2) - 1 for cell in range(cells))


_SPAN_OF_TALK: Final = _spans(TALK_CELL_MS, TALK_CELLS)
_SPAN_OF_WRAP_UP: Final = _spans(WRAP_CELL_MS, WRAP_CELLS)


def _hazards(lengths: Lengths) -> tuple[int, ...]:
    """By span, ends a millisecond; in 2^-32."""
    all_ended, all_spent_ms = sum(lengths.ended), max(sum(lengths.spent_ms), 1)
    drawn_ms = _DRAW * _COUNT * all_spent_ms // all_ended
    return tuple(
        _FINE * (ended + _DRAW * _COUNT) // (spent + drawn_ms)
        for ended, spent in zip(lengths.ended, lengths.spent_ms, strict=True)
    )


def _lasts(hazards: tuple[int, ...], age_ms: Milliseconds, more_ms: Milliseconds) -> int:
    """The share of those of this age that last so much longer; of 2^32."""
    span = bisect_right(_SPANS_MS, age_ms) - 1
    end_ms, hazard = age_ms + more_ms, 0
    while span + 1 < len(_SPANS_MS) and _SPANS_MS[span + 1] < end_ms:
        hazard += hazards[span] * (_SPANS_MS[span + 1] - age_ms)
        age_ms = _SPANS_MS[span + 1]
        span += 1
    return _fading(hazard + hazards[span] * (end_ms - age_ms))


def _fading(hazard: int) -> int:
    """e^-hazard, as (1 - hazard/256)^256; both of 2^32."""
    left = max(_FINE - (hazard >> 8), 0)
    for _ in range(8):
        left = left * left >> 32
    return left


def _packed(share: int) -> int:
    return share << SPREAD_BITS | share * (ONE - share) // ONE
