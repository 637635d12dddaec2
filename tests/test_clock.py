from cti.clock import STEP_MS, SystemClock


class Watches:
    """A wall clock and a monotonic clock that a test turns by hand."""

    def __init__(self) -> None:
        self.wall = 1_000_000
        self.monotonic = 500

    def clock(self, not_before: int = 0) -> SystemClock:
        return SystemClock(not_before=not_before, wall_ms=lambda: self.wall, monotonic_ms=lambda: self.monotonic)

    def pass_by(self, ms: int) -> None:
        self.wall += ms
        self.monotonic += ms


def test_the_clock_starts_from_the_wall_clock_and_runs_on_the_monotonic_one() -> None:
    watches = Watches()
    clock = watches.clock()
    watches.pass_by(250)
    assert clock.now() == 1_000_250


def test_the_clock_never_starts_before_the_last_journalled_instant() -> None:
    watches = Watches()
    clock = watches.clock(not_before=2_000_000)
    assert clock.now() == 2_000_000
    watches.pass_by(10)
    assert clock.now() == 2_000_010


def test_a_wall_clock_set_forward_is_followed_and_told_once() -> None:
    watches = Watches()
    clock = watches.clock()
    watches.wall += 3_600_000
    assert clock.step() == 3_600_000
    assert clock.now() == watches.wall
    assert clock.step() == 0


def test_a_wall_clock_set_back_changes_nothing() -> None:
    watches = Watches()
    clock = watches.clock()
    watches.wall -= 3_600_000
    assert clock.step() == 0
    assert clock.now() == 1_000_000
    assert clock.ahead_ms() == 3_600_000


def test_drift_below_a_step_is_left_alone() -> None:
    watches = Watches()
    clock = watches.clock()
    watches.wall += STEP_MS - 1
    assert clock.step() == 0
    assert clock.now() == 1_000_000
