"""The cap on abandoned calls, by every course of a small floor and random courses of large ones; and the prediction.

A course is a path over `successors`: whatever may happen next to dials, callees and agents, in any order. The pacer's
rule is the only thing that limits it.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.domain.pacing import (
    Book,
    Estimates,
    Floor,
    Mode,
    Rules,
    answered,
    dials,
    learned_answer,
    learned_no_answer,
    learned_talk,
    learned_wrap_up,
    lost,
    may_dial,
    may_release,
    not_owed,
    nothing_learned,
    surplus,
)
from cti.domain.pacing.cap import ALL
from cti.domain.pacing.estimates import ONE, SPREAD_BITS

MayDial = Callable[..., bool]


class Window(NamedTuple):
    """One window's book and its dials."""

    abandoned: int = 0
    live: int = 0
    ringing: int = 0
    waiting: int = 0

    @property
    def book(self) -> Book:
        return Book(live=self.live, abandoned=self.abandoned)

    @property
    def in_flight(self) -> int:
        return self.ringing + self.waiting

    def after(self, book: Book) -> "Window":
        """A waiting callee is decided."""
        return Window(book.abandoned, book.live, self.ringing, self.waiting - 1)


class Course(NamedTuple):
    """A floor at one moment; windows in order, the last is dialled in."""

    free: int
    busy: int
    windows: tuple[Window, ...]
    unhealed: int = 0
    """Agents who vanished while dials relied on them, and no dial could be given up in time."""

    def own_free(self, place: int) -> int:
        return not_owed(self.free, earlier=sum(window.in_flight for window in self.windows[:place]))

    def put(self, place: int, window: Window) -> "Course":
        return self._replace(windows=(*self.windows[:place], window, *self.windows[place + 1 :]))

    def settled(self) -> "Course":
        """Free agents take waiting callees, older windows first."""
        for place, window in enumerate(self.windows):
            if window.waiting and self.own_free(place):
                taken = self.put(place, window.after(answered(window.book)))
                return taken._replace(free=self.free - 1, busy=self.busy + 1).settled()
        return self


class Limits(NamedTuple):
    """How far a course may go."""

    agents: int
    in_flight: int
    live: int
    windows: int = 1
    spare: int = 0
    vanish: bool = False
    heal: bool = False
    may_dial: MayDial = may_dial


def successors(course: Course, cap: int, limits: Limits) -> Iterator[Course]:
    """Whatever may come next."""
    last = len(course.windows) - 1
    newest = course.windows[last]
    flying = sum(window.in_flight for window in course.windows)
    counted = max(0, course.own_free(last) - limits.spare)
    if flying < limits.in_flight and limits.may_dial(
        newest.book, in_flight=newest.in_flight, free=counted, cap_permyriad=cap
    ):
        yield course.put(last, newest._replace(ringing=newest.ringing + 1))
    for place, window in enumerate(course.windows):
        if window.ringing:
            fewer = window._replace(ringing=window.ringing - 1)
            yield course.put(place, fewer).settled()
            if window.live + window.in_flight <= limits.live:
                yield course.put(place, fewer._replace(waiting=window.waiting + 1)).settled()
        if window.waiting:
            yield course.put(place, window.after(lost(window.book))).settled()
    if course.busy:
        yield course._replace(free=course.free + 1, busy=course.busy - 1).settled()
    if course.free + course.busy < limits.agents:
        yield course._replace(free=course.free + 1).settled()
    if course.free and _all_release(course, cap):
        yield course._replace(free=course.free - 1)
    if course.free and limits.vanish:
        yield _vanished(course, cap, heal=limits.heal)
    if len(course.windows) < limits.windows:
        yield course._replace(windows=(*course.windows, Window()))
    if last and not course.windows[0].in_flight:
        yield course._replace(windows=course.windows[1:])


def _all_release(course: Course, cap: int) -> bool:
    return all(
        may_release(window.book, in_flight=window.in_flight, free=own, cap_permyriad=cap)
        for place, window in enumerate(course.windows)
        if (own := course.own_free(place))
    )


def _vanished(course: Course, cap: int, *, heal: bool) -> Course:
    """One free agent is lost; with `heal`, what relied on him is given up as far as it still rings (one window)."""
    (window,) = course.windows
    after = course._replace(free=course.free - 1)
    if window.in_flight < course.free:
        return after
    many = surplus(window.book, in_flight=window.in_flight, free=after.free, cap_permyriad=cap)
    if heal and window.ringing >= many:
        return after.put(0, window._replace(ringing=window.ringing - many))
    return after._replace(unhealed=course.unhealed + 1)


def breach(course: Course, cap: int) -> str | None:
    """What is wrong with a moment; the theorem says: nothing."""
    for place, window in enumerate(course.windows):
        if ALL * (window.abandoned - course.unhealed) > cap * window.live:
            return f"{window} is above the cap"
        over = max(0, window.in_flight - course.own_free(place))
        if not course.unhealed and ALL * (window.abandoned + over) > cap * (window.live + window.in_flight):
            return f"{window} can get above the cap"
    return None


def explored(start: Course, cap: int, limits: Limits) -> tuple[int, str | None]:
    """All that can be reached, breadth first: how many moments, and the first breach."""
    seen, edge = {start}, [start]
    while edge:
        found: list[Course] = []
        for course in edge:
            if (words := breach(course, cap)) is not None:
                return len(seen), words
            for following in successors(course, cap, limits):
                if following not in seen:
                    seen.add(following)
                    found.append(following)
        edge = found
    return len(seen), None


CAPS = (0, 300, 1_000, 2_500, 5_000, 9_999, ALL)


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("agents", [1, 2, 3])
def test_no_course_of_a_small_floor_breaks_the_cap(agents: int, cap: int) -> None:
    moments, words = explored(Course(0, 0, (Window(),)), cap, Limits(agents=agents, in_flight=4, live=12))
    assert words is None
    assert moments > 50


@pytest.mark.parametrize("live", [32, 33, 34, 66, 67, 99, 100])
def test_no_course_breaks_three_per_cent_once_there_is_a_budget(live: int) -> None:
    moments = 0
    for abandoned in range(300 * live // ALL + 1):
        start = Course(0, 0, (Window(abandoned=abandoned, live=live),))
        reached, words = explored(start, 300, Limits(agents=2, in_flight=4, live=live + 5))
        assert words is None
        moments += reached
    assert moments > 100


@pytest.mark.parametrize("cap", [1_000, 3_400, 5_000])
def test_no_course_across_the_edge_of_a_window_breaks_the_cap_in_either(cap: int) -> None:
    _, words = explored(Course(0, 0, (Window(live=4),)), cap, Limits(agents=2, in_flight=3, live=6, windows=2))
    assert words is None


def test_a_cap_that_forgets_the_dial_at_hand_is_caught() -> None:
    def forgetful(book: Book, *, in_flight: int, free: int, cap_permyriad: int) -> bool:
        over = max(0, in_flight - free)
        return ALL * (book.abandoned + over) <= cap_permyriad * (book.live + in_flight)

    _, words = explored(Course(1, 0, (Window(),)), 300, Limits(agents=1, in_flight=4, live=9, may_dial=forgetful))
    assert words is not None


def test_a_window_that_counts_agents_owed_to_an_older_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    start, limits = Course(0, 0, (Window(live=4),)), Limits(agents=2, in_flight=3, live=6, windows=2)
    assert explored(start, 300, limits)[1] is None
    monkeypatch.setattr(f"{__name__}.not_owed", lambda free, *, earlier: free)
    assert explored(start, 300, limits)[1] is not None


def test_an_agent_let_go_without_asking_is_caught() -> None:
    _, words = explored(Course(1, 0, (Window(ringing=1),)), 300, Limits(agents=1, in_flight=1, live=3))
    assert words is None
    assert not may_release(Book(), in_flight=1, free=1, cap_permyriad=300)
    assert breach(Course(0, 0, (Window(ringing=1),)), 300) is not None


def _walk(seed: int, cap: int, limits: Limits, *, steps: int, vanishings: int = 0) -> Course:
    """A random course; fails at the first breach."""
    dice = random.Random(seed)
    course = Course(0, 0, (Window(),))
    for _ in range(steps):
        following = list(successors(course, cap, limits._replace(vanish=False)))
        if vanishings and course.free and dice.random() < 0.02:
            course, vanishings = _vanished(course, cap, heal=limits.heal), vanishings - 1
        else:
            dial = following[0]
            course = dial if dice.random() < 0.3 else dice.choice(following)
        words = breach(course, cap)
        assert words is None, f"seed {seed}: {words}"
    return course


@given(seed=st.integers(0, 2**32), cap=st.integers(0, ALL), agents=st.integers(1, 120))
def test_no_random_course_over_tumbling_windows_breaks_the_cap(seed: int, cap: int, agents: int) -> None:
    _walk(seed, cap, Limits(agents=agents, in_flight=300, live=10**9, windows=3), steps=400)


@given(seed=st.integers(0, 2**32), cap=st.integers(0, ALL), agents=st.integers(1, 40), heal=st.booleans())
def test_each_vanished_agent_costs_at_most_one_abandoned_call(seed: int, cap: int, agents: int, *, heal: bool) -> None:
    limits = Limits(agents=agents, in_flight=300, live=10**9, heal=heal)
    _walk(seed, cap, limits, steps=400, vanishings=1_000)


@pytest.mark.parametrize("cap", [300, 2_500, 5_000])
def test_every_course_with_vanishing_agents_and_dials_given_up_in_time_keeps_the_cap(cap: int) -> None:
    def ringing_only(course: Course) -> bool:
        return course.unhealed == 0

    start = Course(0, 0, (Window(),))
    seen, edge = {start}, [start]
    limits = Limits(agents=3, in_flight=4, live=8, vanish=True, heal=True)
    while edge:
        course = edge.pop()
        assert breach(course, cap) is None
        for following in filter(ringing_only, successors(course, cap, limits)):
            if following not in seen:
                seen.add(following)
                edge.append(following)
    assert len(seen) > 100


@given(seed=st.integers(0, 2**32), cap=st.integers(0, 5_000), spare=st.integers(1, 4))
def test_with_spare_agents_as_many_may_vanish_and_nothing_breaks(seed: int, cap: int, spare: int) -> None:
    dice = random.Random(seed)
    limits = Limits(agents=12, in_flight=60, live=10**9, spare=spare)
    course, vanished = Course(0, 0, (Window(),)), 0
    for _ in range(400):
        if course.free and vanished < spare and dice.random() < 0.02:
            course, vanished = course._replace(free=course.free - 1), vanished + 1
        else:
            following = list(_without_release(course, cap, limits))
            course = following[0] if dice.random() < 0.3 else dice.choice(following)
        (window,) = course.windows
        assert ALL * window.abandoned <= cap * window.live


def _without_release(course: Course, cap: int, limits: Limits) -> Iterator[Course]:
    """What may come next, but nobody joins or leaves of his own will (a spare agent may not be let go twice)."""
    present = course.free + course.busy
    for following in successors(course, cap, limits):
        if following.free + following.busy >= present:
            yield following


def test_after_a_breach_there_is_one_dial_for_each_free_agent_and_no_more() -> None:
    book = Book(live=1, abandoned=1)
    assert may_dial(book, in_flight=1, free=2, cap_permyriad=300)
    assert not may_dial(book, in_flight=2, free=2, cap_permyriad=300)


def test_at_the_start_of_a_window_nothing_is_dialled_beyond_the_free_agents() -> None:
    floor = Floor(free=3, dialled_ms=[0], talking_ms=[0] * 40)
    assert dials(nothing_learned(), floor, Book(), Rules(), 60_000) == 2


def test_with_a_spare_agent_the_last_free_one_is_not_dialled_for() -> None:
    assert dials(nothing_learned(), Floor(free=3), Book(), Rules(spare=1), 0) == 2


def test_never_more_dials_than_lines() -> None:
    assert dials(nothing_learned(), Floor(free=9), Book(), Rules(lines=4), 0) == 4
    assert dials(nothing_learned(), Floor(free=9, dialled_ms=[0] * 5), Book(), Rules(lines=4), 0) == 0


floors = st.builds(
    Floor,
    free=st.integers(0, 30),
    waiting=st.integers(0, 5),
    dialled_ms=st.lists(st.integers(0, 200_000), max_size=60),
    talking_ms=st.lists(st.integers(-10_000_000, 200_000), max_size=60),
    wrapping_ms=st.lists(st.integers(-10_000_000, 200_000), max_size=20),
)
books = st.integers(0, 10_000).flatmap(
    lambda live: st.builds(Book, live=st.just(live), abandoned=st.integers(0, 3 * live // 100))
)


@given(floor=floors, book=books, cap=st.integers(0, ALL))
def test_progressive_dials_one_for_each_free_agent_whatever_the_book_says(floor: Floor, book: Book, cap: int) -> None:
    rules = Rules(mode=Mode.PROGRESSIVE, cap_permyriad=cap)
    expected = max(0, floor.free - len(floor.dialled_ms) - floor.waiting)
    assert dials(nothing_learned(), floor, book, rules, 200_000) == expected


@given(floor=floors, book=books, cap=st.integers(0, ALL), now_ms=st.integers(100_000, 400_000))
def test_the_prediction_never_goes_beyond_the_cap_nor_below_progressive(
    floor: Floor, book: Book, cap: int, now_ms: int
) -> None:
    many = dials(learned(0.3), floor, book, Rules(cap_permyriad=cap), now_ms)
    in_flight = len(floor.dialled_ms) + floor.waiting
    assert many >= floor.free - in_flight
    for more in range(many):
        assert may_dial(book, in_flight=in_flight + more, free=floor.free, cap_permyriad=cap)


def learned(rate: float, *, dials: int = 2_000, start: Estimates | None = None, seed: int = 1) -> Estimates:
    """After so many dials of which this share was answered, and a talk for each fourth."""
    dice = random.Random(seed)
    estimates = nothing_learned() if start is None else start
    for number in range(dials):
        if dice.random() < rate:
            estimates = learned_answer(estimates, 1_500 + round(dice.gammavariate(4, 2_500)))
        else:
            estimates = learned_no_answer(estimates, 22_000)
        if number % 4 == 0:
            estimates = learned_talk(estimates, round(dice.expovariate(1 / 60_000)))
            estimates = learned_wrap_up(estimates, round(dice.expovariate(1 / 5_000)))
    return estimates


BUSY = Floor(free=0, talking_ms=tuple(range(0, 120_000, 3_000)), wrapping_ms=(110_000, 118_000))
RICH = Book(live=5_000, abandoned=20)


def test_the_fewer_answer_the_more_are_dialled() -> None:
    few, many = (dials(learned(rate), BUSY, RICH, Rules(), 120_000) for rate in (0.4, 0.1))
    assert few > 0
    assert 3 * few < 2 * many


def test_dials_that_ring_already_count_and_old_ones_count_less() -> None:
    estimates = learned(0.3)
    alone = dials(estimates, BUSY, RICH, Rules(), 120_000)
    young = dials(estimates, _with(BUSY, [118_000] * 8), RICH, Rules(), 120_000)
    old = dials(estimates, _with(BUSY, [101_000] * 8), RICH, Rules(), 120_000)
    assert young < old <= alone


def _with(floor: Floor, dialled_ms: list[int]) -> Floor:
    return Floor(free=0, dialled_ms=dialled_ms, talking_ms=floor.talking_ms, wrapping_ms=floor.wrapping_ms)


def test_an_answer_rate_that_halves_at_noon_is_followed() -> None:
    morning = learned(0.3)
    noon = learned(0.15, start=morning, seed=2)
    assert 0.24 < morning.share / 2**32 < 0.36
    assert 0.11 < noon.share / 2**32 < 0.2


def test_a_budget_that_is_spent_makes_the_prediction_careful_before_the_cap_has_to() -> None:
    estimates = learned(0.3)
    rich = dials(estimates, BUSY, Book(live=5_000, abandoned=20), Rules(), 120_000)
    poor = dials(estimates, BUSY, Book(live=5_000, abandoned=100), Rules(), 120_000)
    assert poor > 0
    assert poor < rich


def test_an_agent_in_wrap_up_is_expected_sooner_than_one_in_a_talk() -> None:
    estimates = learned(0.3)
    assert estimates.by_wrap_up[0] > 2 * estimates.by_talk[0]


def test_a_long_tail_is_learned_as_such() -> None:
    dice = random.Random(3)
    estimates = nothing_learned()
    for _ in range(1_500):
        estimates = learned_talk(estimates, round(dice.lognormvariate(11, 1)))
    shares = [packed >> SPREAD_BITS for packed in estimates.by_talk]
    assert shares[15] > 2 * shares[150]
    assert all(0 <= share <= ONE for share in (*shares, *(packed >> SPREAD_BITS for packed in estimates.by_age)))


def test_talks_of_hours_and_clocks_that_stepped_back_are_borne() -> None:
    estimates = learned_talk(learned_answer(nothing_learned(), -5), 90_000_000)
    floor = Floor(free=1, dialled_ms=[10_000], talking_ms=[-90_000_000, 9_000], wrapping_ms=[12_000])
    assert dials(estimates, floor, RICH, Rules(), 5_000) >= 0


def test_the_same_facts_make_the_same_estimates_of_whole_numbers() -> None:
    one, other = learned(0.2), learned(0.2)
    assert one == other
    numbers = (one.share, one.dials, *one.answers, *one.by_age, *one.by_talk, *one.by_wrap_up, *one.talks.spent_ms)
    assert all(type(number) is int for number in numbers)
