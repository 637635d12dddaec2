"""The expected wait: from how fast the own line moved, and told only while such estimates were good."""

from itertools import cycle

import pytest

from cti.domain import expected
from cti.domain.commands import Announce
from cti.domain.events import ClockStepped, Step
from cti.domain.expected import ENOUGH, TELL_ERROR_PERCENT, Pace
from cti.domain.ids import Announcement
from cti.testing import Scenario

TOLD = Step(after_ms=1_000, announce=(Announcement.EXPECTED_WAIT,))


class Line:
    """Callers of one line who never run out, and one agent who serves them."""

    def __init__(self, day: Scenario, name: str, *, agent: str, skills: dict[str, int] | None = None) -> None:
        self.day, self.name, self.agent, self.skills = day, name, agent, skills
        self.calls = 0

    def call(self) -> str:
        self.calls += 1
        name = f"{self.name}{self.calls}"
        self.day.call(name, skills=self.skills)
        return name

    def serve(self, *, seconds: float) -> None:
        """The agent talks so long, then takes the next; another caller comes meanwhile."""
        self.day.picks_up(self.agent)
        self.day.advance(seconds=seconds / 2)
        self.call()
        self.day.advance(seconds=seconds / 2)
        self.day.hangs_up(self.agent)
        self.day.wraps_up(self.agent)

    def pace(self) -> Pace:
        contact = self.day.contact(f"{self.name}{self.calls}")
        return self.day.state.paces[expected.pace_key(contact)]

    def expected_s(self) -> float | None:
        """What the newest caller was expected to wait."""
        expected_ms = self.day.contact(f"{self.name}{self.calls}").expected_ms
        return None if expected_ms is None else expected_ms / 1000


def busy_line(*, waiting: int = 3, step: Step | None = TOLD) -> Line:
    """One agent talks; so many wait behind."""
    day = Scenario()
    day.queue("support", steps=() if step is None else (step,))
    day.agent("ann")
    line = Line(day, "c", agent="ann")
    for _ in range(waiting + 1):
        line.call()
    return line


def test_nothing_is_expected_before_enough_was_seen() -> None:
    line = busy_line()
    for _ in range(ENOUGH + 1):  # the first leaves nobody waiting, and the newest came before the last was done
        line.serve(seconds=20)
    assert line.expected_s() is None
    line.serve(seconds=20)
    assert line.expected_s() is not None


def test_a_steady_line_tells_each_his_place_times_its_pace() -> None:
    line = busy_line(waiting=3)
    for _ in range(40):
        line.serve(seconds=20)
    found = line.expected_s()
    assert found is not None
    # Two or three stand before him, and he comes in the middle of a talk of 20 s.
    assert 40 <= found <= 80
    assert line.pace().error_percent <= 20


def test_a_good_estimate_is_told_and_says_what_comes() -> None:
    line = busy_line(waiting=3)
    for _ in range(40):
        line.serve(seconds=20)
    name = line.call()
    came = line.day.clock.now_ms
    line.day.advance(seconds=1)
    told = line.day.expect(Announce).expected_ms
    assert told is not None
    while line.day.served_by(name) is None:
        line.serve(seconds=20)
    waited = line.day.clock.now_ms - came
    assert abs(told - waited) <= waited * TELL_ERROR_PERCENT / 100


def test_while_estimates_are_bad_none_is_told() -> None:
    line = busy_line(waiting=6)
    spans = cycle([1, 1, 1, 400, 1, 1, 1, 1, 1, 900, 1, 1])
    for _ in range(60):
        line.serve(seconds=next(spans))
    assert line.pace().error_percent > TELL_ERROR_PERCENT
    assert line.expected_s() is not None
    line.call()
    line.day.advance(seconds=1)
    line.day.expect_no(Announce)


def test_the_time_in_which_nobody_waited_is_no_pace() -> None:
    line = busy_line(waiting=3)
    for _ in range(20):
        line.serve(seconds=20)
    before = line.pace().interval_ms
    # All go, the night passes, and callers come again.
    for contact in list(line.day.state.contacts.values()):
        if contact.assignment_id is None:
            name = next(name for name, key in line.day.contact_ids.items() if key == contact.id)
            line.day.caller_hangs_up(name)
    line.day.picks_up("ann")
    line.day.hangs_up("ann")
    line.day.wraps_up("ann")
    line.day.advance(seconds=36_000)
    for _ in range(4):
        line.call()
    line.serve(seconds=20)
    assert line.pace().interval_ms <= before * 2


def test_each_line_has_its_own_pace() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann", skills={"en": 5})
    day.agent("bob", skills={"ru": 5})
    fast = Line(day, "en", agent="ann", skills={"en": 1})
    slow = Line(day, "ru", agent="bob", skills={"ru": 1})
    for _ in range(3):
        fast.call()
        slow.call()
    day.picks_up("bob")
    for number in range(60):
        fast.serve(seconds=10)
        if number % 6 == 5:
            day.hangs_up("bob")
            day.wraps_up("bob")
            slow.call()
            day.picks_up("bob")
    for line in (fast, slow):
        line.call()
    fast_s, slow_s = fast.expected_s(), slow.expected_s()
    assert fast_s is not None
    assert slow_s is not None
    assert fast_s * 3 < slow_s


@pytest.mark.parametrize("folding", [False, True])
def test_what_was_learnt_outlives_the_engine(folding: bool) -> None:
    line = busy_line()
    for _ in range(20):
        line.serve(seconds=20)
    before = line.pace()
    line.day.restart(folding=folding)
    assert line.pace() == before
    line.call()
    assert line.expected_s() is not None


def test_a_step_of_the_clock_is_no_wait() -> None:
    line = busy_line()
    for _ in range(20):
        line.serve(seconds=20)
    before = line.pace().interval_ms
    line.day.picks_up("ann")
    line.day.clock.advance(seconds=86_400)
    line.day.send(ClockStepped(by_ms=86_400_000))
    line.day.hangs_up("ann")
    line.day.wraps_up("ann")
    assert line.pace().interval_ms <= before


def test_one_whose_demand_was_relaxed_is_no_measure_of_the_estimate() -> None:
    line = busy_line(step=Step(after_ms=500, priority=1))
    for _ in range(3 * ENOUGH):
        line.serve(seconds=20)
    assert line.pace().samples >= ENOUGH
    assert line.pace().checked == 0
