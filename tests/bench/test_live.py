"""What the live campaign's account makes of the carrier's records."""

import pytest

from cti.bench import live
from cti.bench.connect import result
from cti.bench.live import WRAP_S, Course
from cti.demo.carrier import Seen, Step, Who
from cti.errors import OutsideError

ANNA, BORIS, BUSY = "+79160000011", "+79160000021", "+79160000030"


def seen(leg: str, step: Step, at_s: float, *, label: str, who: Who = Who.CALLED) -> Seen:
    return Seen(at_s=at_s, who=who, label=label, step=step, leg=leg, number="", cause=0)


def talk(course: Course, leg: str, number: str, *, at_s: float, phone_s: float | None, extension: str = "1001") -> None:
    """Answered at once; he hears an agent after 20 ms, the agent hears him at `phone_s`; three seconds."""
    course.take(seen(leg, Step.RINGING, at_s, label=number))
    course.take(seen(leg, Step.ANSWERED, at_s, label=number))
    course.take(seen(leg, Step.SPEAKS, at_s + 0.02, label=number))
    course.take(seen(leg, Step.HEARD, at_s + 0.52, label=number))
    if phone_s is not None:
        course.take(seen(f"p{leg}", Step.SPEAKS, at_s + phone_s, label=extension, who=Who.PHONE))
    course.take(seen(leg, Step.ENDED, at_s + 3, label=number))
    course.phone_of[live.digits(number)] = extension
    course.contact_of[live.digits(number)] = f"c{leg}"


def test_both_hear_each_other_when_the_later_of_the_two_does() -> None:
    course = Course(agents=1, at_once=frozenset({"ca"}))
    talk(course, "a", ANNA, at_s=10, phone_s=0.05)
    talk(course, "b", BORIS, at_s=20, phone_s=0.01)
    first, second = course.with_agent()
    assert course.connect_s(first) == pytest.approx(0.05)
    assert course.connect_s(second) == pytest.approx(0.02)
    assert [course.had_agent_at_once(one) for one in (first, second)] == [True, False]


def test_an_agent_who_never_hears_his_callee_is_counted() -> None:
    course = Course(agents=1, at_once=frozenset({"ca", "cb"}))
    talk(course, "a", ANNA, at_s=10, phone_s=0.05)
    talk(course, "b", BORIS, at_s=20, phone_s=None)
    figures = result(course, [ANNA, BORIS]).figures
    assert (figures["calls"], figures["unheard"], figures["dialled_wrongly"]) == (1, 1, 0)


def test_without_a_single_talk_there_is_nothing_to_measure() -> None:
    with pytest.raises(OutsideError):
        result(Course(agents=1), [])


def test_the_busy_are_dialled_twice_after_their_time_and_others_once() -> None:
    course = Course(agents=1)
    for leg, number, at_s in (("a", ANNA, 0.0), ("b", BUSY, 0.0), ("c", BUSY, 11.0)):
        course.take(seen(leg, Step.RINGING, at_s, label=number))
        course.take(seen(leg, Step.ENDED, at_s + 1, label=number))
    assert course.dialled_wrongly([ANNA, BUSY]) == []
    assert course.dialled_wrongly([ANNA, BUSY, BORIS]) == [f"{live.digits(BORIS)}: 0"]
    course.take(seen("d", Step.RINGING, 30, label=ANNA))
    assert course.dialled_wrongly([ANNA, BUSY]) == [f"{live.digits(ANNA)}: 2"]


def test_a_number_that_is_dialled_while_it_rings_is_dialled_twice_at_once() -> None:
    course = Course(agents=1)
    course.take(seen("a", Step.RINGING, 0, label=ANNA))
    course.take(seen("b", Step.RINGING, 1, label=ANNA))
    course.take(seen("c", Step.RINGING, 1, label=BORIS))
    assert course.at_the_same_time() == 1


def test_agents_are_occupied_while_they_talk_and_wrap_up() -> None:
    course = Course(agents=2)
    talk(course, "a", ANNA, at_s=0, phone_s=0.02)
    course.take(seen("b", Step.RINGING, 10, label=BORIS))
    assert course.occupancy() == pytest.approx((3 - 0.02 + WRAP_S) / 20)
