"""The rules of the lease, on a model of processes, clocks and broken lines: no two ever command at once."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.store.reign import LEASE_S, Answer, Hold, Seen, may_claim

STEP_S = 0.1
LEASE_MS = int(LEASE_S * 1000)


@dataclass(slots=True)
class Process:
    """An engine: its line to the database, its line to the others, and what it believes."""

    rate: float = 1.0
    """Its clock's, against the database's."""
    alive: bool = True
    frozen: bool = False
    reaches_database: bool = True
    is_heard: bool = True
    """By the others, at its own address."""
    epoch: int = 0
    hold: Hold = field(default_factory=Hold)
    session_since_ms: int | None = None
    next_s: float = 0.0
    trying_s: float | None = None
    """When the try to reach the database began that will fail."""
    seen: tuple[Seen, Answer] | None = None
    """What it found a moment ago, and now acts upon."""

    def runs(self) -> bool:
        return self.alive and not self.frozen


@dataclass(slots=True)
class World:
    """One database and its row, and the processes; time goes in steps."""

    processes: list[Process]
    now_s: float = 100.0
    up: bool = True
    epoch: int = 0
    leader: int | None = None
    expires_ms: int = 0
    claims: int = 0

    @property
    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def clock(self, process: Process) -> float:
        return self.now_s * process.rate

    def pass_time(self, duration_s: float) -> None:
        for _ in range(int(duration_s / STEP_S)):
            self.now_s += STEP_S
            self.check()  # who wakes up may command before he asks
            for number, process in enumerate(self.processes):
                if process.runs() and self.now_s >= process.next_s:
                    self.act(number, process)
            self.check()

    def act(self, number: int, process: Process) -> None:
        process.next_s = self.now_s + 0.2
        if not (self.up and process.reaches_database):
            process.session_since_ms, process.seen = None, None
            if process.epoch and not process.hold.over:
                self.fail_to_reach(process)
            return
        process.trying_s = None
        if process.session_since_ms is None:
            process.session_since_ms = self.now_ms
        if process.epoch:
            self.renew(process)
        else:
            self.wait(number, process)

    def fail_to_reach(self, process: Process) -> None:
        """A try takes 2 s, and then its failure is known."""
        if process.trying_s is not None:
            process.hold.unreached(tried_s=process.trying_s)
        process.trying_s = self.clock(process)
        process.next_s = self.now_s + 2.0

    def renew(self, process: Process) -> None:
        process.next_s = self.now_s + 0.5
        if process.epoch == self.epoch:
            self.expires_ms = self.now_ms + LEASE_MS
            process.hold.renewed(asked_s=self.clock(process))
        else:
            process.hold.end()

    def wait(self, number: int, process: Process) -> None:
        """Look and ask in one step, claim in a later one: the row may change in between."""
        if process.seen is None:
            process.seen = (self.look(), self.answer())
            return
        (seen, answer), process.seen = process.seen, None
        assert process.session_since_ms is not None
        unchanged = (seen.epoch, seen.expires_ms) == (self.epoch, self.expires_ms)
        if may_claim(seen, answer, session_ms=seen.now_ms - process.session_since_ms) and unchanged:
            self.claim(number, process)

    def claim(self, number: int, process: Process) -> None:
        self.epoch += 1
        self.claims += 1
        self.leader, self.expires_ms = number, self.now_ms + LEASE_MS
        process.epoch = self.epoch
        process.hold.renewed(asked_s=self.clock(process))
        for other in self.processes:  # the switch says to whoever is connected that his application was replaced
            if other is not process and other.runs() and other.hold.away:
                other.hold.end()

    def look(self) -> Seen:
        leader = self.processes[self.leader] if self.leader is not None else None
        held = leader is not None and leader.alive and leader.session_since_ms is not None
        return Seen(epoch=self.epoch, url="", expires_ms=self.expires_ms, now_ms=self.now_ms, held=held)

    def answer(self) -> Answer:
        if self.leader is None:
            return Answer.SILENT
        leader = self.processes[self.leader]
        if not leader.is_heard or (leader.alive and leader.frozen):
            return Answer.SILENT
        if not leader.alive:
            return Answer.GONE
        return Answer.LEADS if leader.hold.stands(self.clock(leader)) else Answer.GONE

    def commanding(self) -> list[int]:
        return [
            number
            for number, process in enumerate(self.processes)
            if process.runs() and process.epoch and process.hold.stands(self.clock(process))
        ]

    def check(self) -> None:
        assert len(self.commanding()) <= 1, f"{self.commanding()} command at once, {self.now_s - 100:.1f} s"

    # -- what befalls it

    def befall(self, what: str, number: int) -> None:
        process = self.processes[number]
        if what in ("freeze", "thaw"):
            process.frozen = what == "freeze"
        elif what == "die":
            process.alive, process.session_since_ms = False, None
        elif what == "start" and not process.alive:
            self.processes[number] = Process(rate=process.rate, reaches_database=process.reaches_database)
        elif what in ("database down", "database up"):
            self.up = what == "database up"
        elif what == "cut from the database":
            process.reaches_database, process.session_since_ms = False, None
        elif what == "cut from the others":
            process.is_heard = False
        elif what == "mend":
            process.reaches_database = process.is_heard = True
        elif what == "lose the session":
            process.session_since_ms = None
        if not self.up:
            for each in self.processes:
                each.session_since_ms = None
        self.check()


FAULTS = (
    "die",
    "start",
    "freeze",
    "thaw",
    "database down",
    "database up",
    "cut from the database",
    "mend",
    "cut from the others",
    "lose the session",
    "nothing",
)


@settings(max_examples=300, deadline=None)
@given(
    rates=st.lists(st.sampled_from([0.95, 1.0, 1.05]), min_size=3, max_size=3),
    story=st.lists(
        st.tuples(st.sampled_from(FAULTS), st.integers(0, 2), st.sampled_from([0.1, 0.3, 1.0, 2.5, 8.3])), max_size=40
    ),
)
def test_no_two_engines_ever_command_at_once(rates: list[float], story: list[tuple[str, int, float]]) -> None:
    world = World([Process(rate=rate) for rate in rates])
    world.pass_time(1.0)
    assert world.commanding()
    for what, number, for_s in story:
        world.befall(what, number)
        world.pass_time(for_s)


def test_a_leader_who_stood_still_and_wakes_without_the_database_does_not_go_on() -> None:
    world = World([Process(rate=0.95) for _ in range(3)])
    world.pass_time(1.0)
    assert world.leader is not None
    first = world.leader
    for what, for_s in (("freeze", 8.3), ("cut from the database", 0.1), ("thaw", 2.5)):
        world.befall(what, first)
        world.pass_time(for_s)
    assert world.commanding() not in ([], [first]), "another leads, and he does not"


def led_and_followed(*, rate: float = 1.0) -> World:
    world = World([Process(rate=rate), Process(rate=rate)])
    world.pass_time(1.0)
    assert world.leader is not None
    return world


def follower(world: World) -> int:
    assert world.leader is not None
    return 1 - world.leader


def test_a_death_is_followed_at_once() -> None:
    world = led_and_followed()
    assert world.leader is not None
    heir = follower(world)
    world.befall("die", world.leader)
    world.pass_time(1.0)
    assert world.commanding() == [heir]


@pytest.mark.parametrize("fault", ["freeze", "cut from the others"])
def test_who_is_silent_is_followed_when_the_lease_has_run_out_and_never_commands_again(fault: str) -> None:
    world = led_and_followed()
    assert world.leader is not None
    first, heir = world.leader, follower(world)
    world.befall("cut from the database", first)
    world.befall(fault, first)
    world.pass_time(6.0)
    assert heir not in world.commanding()
    world.pass_time(5.0)
    assert world.commanding() == [heir]
    world.befall("thaw", first)
    world.befall("mend", first)
    world.pass_time(3.0)
    assert world.commanding() == [heir]


@pytest.mark.parametrize("is_heard", [True, False])
def test_the_database_away_ends_no_reign(is_heard: bool) -> None:
    world = led_and_followed()
    leader, reigns = world.leader, world.claims
    assert leader is not None
    world.processes[leader].is_heard = is_heard
    world.befall("database down", 0)
    world.pass_time(60.0)
    assert world.commanding() == [leader]
    world.befall("database up", 0)
    world.pass_time(20.0)
    assert (world.commanding(), world.claims) == ([leader], reigns)


def test_a_leader_cut_off_from_the_database_leads_on_while_the_others_hear_it() -> None:
    world = led_and_followed()
    leader = world.leader
    assert leader is not None
    world.befall("cut from the database", leader)
    world.pass_time(60.0)
    assert world.commanding() == [leader]


@pytest.mark.parametrize("fast", [0.95, 1.0])
@pytest.mark.parametrize("database_is_away", [False, True])
def test_who_stood_still_for_however_long_commands_never_beside_another(fast: float, database_is_away: bool) -> None:
    for asleep_ds in range(1, 130, 2):
        world = led_and_followed(rate=fast)
        assert world.leader is not None
        first = world.leader
        world.pass_time(2.0)
        if database_is_away:
            world.befall("database down", first)
            world.pass_time(20.3)
        world.befall("freeze", first)
        world.befall("database up", first)
        world.pass_time(asleep_ds / 10)
        world.befall("thaw", first)
        world.pass_time(2.0)
        assert len(world.commanding()) == 1


def test_an_answer_that_took_long_takes_nothing_back_of_what_failed_tries_gained() -> None:
    hold = Hold()
    hold.renewed(asked_s=100.0)
    hold.unreached(tried_s=106.0)
    hold.unreached(tried_s=109.0)
    hold.renewed(asked_s=106.0)
    assert hold.stands(115.0)
    assert not hold.stands(115.5), "no longer than the last try gave"
    assert not hold.away
