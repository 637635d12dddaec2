from cti.demo.called import CalledLedger
from cti.demo.carrier import Seen, Step, Who


def seen(leg: str, step: Step, at_s: float, *, number: str = "+79990000001", who: Who = Who.CALLED) -> Seen:
    return Seen(at_s=at_s, who=who, label=number, step=step, leg=leg, number="", cause=0)


def ledger(*records: Seen) -> CalledLedger:
    made = CalledLedger()
    for record in records:
        made.take(record)
    return made


def call(leg: str, *steps: tuple[Step, float], number: str = "+79990000001") -> list[Seen]:
    return [seen(leg, step, at_s, number=number) for step, at_s in ((Step.RINGING, 0.0), *steps)]


ANSWERED = (Step.ANSWERED, 5.0)


def test_one_who_hears_an_agent_has_waited_until_the_tone_began() -> None:
    count = ledger(*call("a", ANSWERED, (Step.SPEAKS, 5.1), (Step.HEARD, 5.6))).count()
    assert (count.humans, count.with_agent, count.abandoned) == (1, 1, 0)
    assert abs(count.longest_wait_s - 0.1) < 1e-9


def test_one_who_only_hears_a_message_is_abandoned_and_told() -> None:
    count = ledger(*call("a", ANSWERED, (Step.SPEAKS, 6.9), (Step.ENDED, 12.0))).count()
    assert (count.abandoned, count.told_late, count.abandon_rate) == (1, 0, 1.0)


def test_one_to_whom_nothing_is_said_for_two_seconds_was_told_late() -> None:
    late = call("a", ANSWERED, (Step.SPEAKS, 7.1), (Step.ENDED, 12.0))
    never = call("b", ANSWERED, (Step.ENDED, 9.0))
    gone_at_once = call("c", ANSWERED, (Step.ENDED, 6.0))
    count = ledger(*late, *never, *gone_at_once).count()
    assert (count.abandoned, count.told_late) == (3, 2)


def test_machines_and_those_not_reached_take_no_part_and_who_waits_is_undecided() -> None:
    machine = call("a", ANSWERED, (Step.ENDED, 9.0), number="+79990000004")
    busy = call("b", (Step.ENDED, 0.1), number="+79990000000")
    waits = call("c", ANSWERED)
    count = ledger(*machine, *busy, *waits).count()
    assert (count.dialled, count.answered, count.humans, count.abandoned) == (3, 2, 0, 0)


def test_a_number_called_twice_is_named_and_other_peoples_steps_are_nothing() -> None:
    other = seen("x", Step.RINGING, 0.0, who=Who.PHONE)
    count = ledger(*call("a"), *call("b"), other, seen("y", Step.ANSWERED, 1.0)).count()
    assert (count.dialled, count.dialled_again) == (2, ("+79990000001",))


def test_each_moment_at_which_somebody_is_abandoned_is_told_with_those_who_had_answered_by_then() -> None:
    connected = call("a", (Step.ANSWERED, 1.0), (Step.SPEAKS, 1.1), (Step.HEARD, 1.6), (Step.ENDED, 4.0))
    told = call("b", ANSWERED, (Step.SPEAKS, 6.9), (Step.ENDED, 12.0))
    gone = call("c", (Step.ANSWERED, 6.0), (Step.ENDED, 6.5))
    later = call("d", (Step.ANSWERED, 7.0))
    machine = call("e", (Step.ANSWERED, 1.0), (Step.ENDED, 2.0), number="+79990000004")
    assert ledger(*connected, *told, *gone, *later, *machine).moments() == [(1, 3), (2, 3)]
