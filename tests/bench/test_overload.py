"""What the overload benchmark makes of what callers, phones and the journal counted."""

import asyncio
import csv
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from msgspec import structs

from cti.bench import overload, sipp
from cti.bench.answering import answering
from cti.bench.overload import Offered, Tasks
from cti.bench.sipp import Counted, Phones, Talks
from cti.domain.ids import Medium
from cti.errors import OutsideError
from cti.ports import Entry
from cti.store.journal import SqliteJournal
from tests.running import free_port_base
from tests.store.calls import entry, queued

CALLERS = Counted(calls=100, served=40, refused=60, retransmitted=3, took_s=20, rang_ms=(20.0, 30.0))
WHOLE = Offered(callers=CALLERS, talks=Talks(whole=40, cut=0), tasks=60, engine_fell=False)
FLOODED = replace(WHOLE, callers=replace(CALLERS, served=10, refused=0), talks=Talks(whole=10, cut=2), tasks=0)


def counts(place: Path, *lines: Mapping[str, str]) -> Path:
    """SIPp's own count, with the columns that are read."""
    path = place / "counts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]), delimiter=";", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return path


def line(*, through: int, chosen: int) -> Mapping[str, str]:
    return {"SuccessfulCall(C)": str(through), "GenericCounter1(C)": str(chosen), "Retransmissions(C)": "4"}


def test_callers_are_refused_served_or_failed_and_the_last_line_counts(tmp_path: Path) -> None:
    path = counts(tmp_path, line(through=9, chosen=1), line(through=90, chosen=50))
    (tmp_path / "caller_7_rtt.csv").write_text("Date_ms;response_time_ms;rtd_name\n1;12;rang\n2;99;else\n", "utf-8")
    found = sipp.counted(tmp_path, path, calls=100, took_s=3)
    assert (found.served, found.refused, found.failed) == (40, 50, 10)
    assert (found.accepted, found.unserved) == (50, 60)
    assert list(found.rang_ms) == [12.0]


def test_a_line_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    path = counts(tmp_path, line(through=90, chosen=50))
    with path.open("a", encoding="utf-8") as file:
        file.write("9")
    assert sipp.counted(tmp_path, path, calls=100, took_s=3).served == 40


def test_without_a_count_all_have_failed(tmp_path: Path) -> None:
    found = sipp.counted(tmp_path, tmp_path / "none.csv", calls=5, took_s=1)
    assert (found.failed, found.served, found.refused) == (5, 0, 0)


def test_books_that_agree_reach_every_goal() -> None:
    found = overload.result(WHOLE, FLOODED, borne=50)
    assert found.met
    assert (found.figures["tasks_of_refused"], found.figures["served_over_unlimited"]) == (60, 4)
    assert found.figures["failed_unlimited"] == 90


@pytest.mark.parametrize(
    ("planted", "goal"),
    [
        (replace(WHOLE, tasks=59), "refused_forgotten"),
        (replace(WHOLE, talks=Talks(whole=39, cut=0)), "books_apart"),
        (replace(WHOLE, talks=Talks(whole=40, cut=1)), "talks_cut"),
        (replace(WHOLE, callers=replace(CALLERS, refused=59), tasks=59), "failed"),
    ],
)
def test_what_is_wrong_with_one_book_misses_its_goal_alone(planted: Offered, goal: str) -> None:
    found = overload.result(planted, FLOODED, borne=50)
    missed = [key for key, (_, bound) in found.goals.items() if goal == key and found.figures[key] > bound]
    assert missed == [goal]
    assert not found.met


def test_where_nobody_was_let_in_nothing_is_compared() -> None:
    with pytest.raises(OutsideError):
        overload.result(WHOLE, replace(FLOODED, callers=replace(CALLERS, rang_ms=())), borne=50)


def test_no_two_callers_have_one_number() -> None:
    assert len(set(islice(overload.numbers(), 30_000))) == 30_000


async def test_tasks_are_counted_once_they_are_durable_and_what_is_late_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    async with SqliteJournal(path) as journal:
        tasks = Tasks(path)
        assert await tasks.count() == 0
        journal.append(arrived(1, Medium.TASK, Medium.VOICE))
        await journal.flushed(1)
        counting = asyncio.create_task(tasks.count(expected=3))
        assert await Tasks(path).count(expected=1) == 1
        journal.append(arrived(2, Medium.TASK, Medium.TASK))
        await journal.flushed(2)
        assert await counting == 3
        assert await tasks.count(expected=4, limit_s=0) == 3, "they are not there, and it says so"


def arrived(number: int, *media: Medium) -> Entry:
    contacts = enumerate(media, start=10 * number)
    return entry(number, *(structs.replace(queued(f"c{index}"), medium=medium) for index, medium in contacts))


@pytest.mark.server
async def test_both_sides_count_a_whole_talk_and_a_refusal(tmp_path: Path) -> None:
    base = free_port_base()
    async with Phones(tmp_path, port=base, talk_ms=300) as phones:
        before = await phones.talks()
        served = await called(tmp_path, base, port=base + 50)
        after = await phones.talks()
    async with answering(sipp.PHONES, port=base + 200, refusal="503 Service Unavailable"):
        refused = await called(tmp_path, base + 200, port=base + 250)
    assert (before.whole, after.whole, after.cut) == (0, 3, 0)
    assert (served.served, served.refused, served.failed, len(served.rang_ms)) == (3, 0, 0, 3)
    assert (refused.served, refused.refused, refused.failed) == (0, 3, 0)


@pytest.mark.server
async def test_a_phone_counts_a_talk_that_the_other_side_ended_as_cut(tmp_path: Path) -> None:
    base = free_port_base()
    async with Phones(tmp_path, port=base, talk_ms=60_000) as phones:
        found = await called(tmp_path, base, port=base + 50, patience_s=0.5)
        talks = await phones.talks()
    assert (talks.whole, talks.cut) == (0, 3)
    assert (found.served, found.failed) == (0, 3)


async def called(folder: Path, target: int, *, port: int, patience_s: float = 20) -> Counted:
    return await sipp.call(
        folder,
        target=f"{sipp.PHONES}:{target}",
        number="+78005550301",
        callers=list(islice(overload.numbers(), 3)),
        port=port,
        rate=10,
        calls=3,
        patience_s=patience_s,
    )
