"""`cti why` and `cti audit` on journals as the engine writes them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from cti.cli import main
from cti.domain import state
from cti.domain.acd import Acd
from cti.domain.audit import auditor, why
from cti.domain.events import PriorityChanged
from cti.domain.facts import AssignmentOffered
from cti.domain.ids import ContactId
from cti.ports import Entry
from cti.review import reading
from cti.store import snapshots
from cti.store.recording import Recording
from cti.store.written import WrittenFile
from cti.testing import Scenario


def busy_morning() -> Scenario:
    """Kim waits, Lee with more points comes later and goes first, Max waits still."""
    day = Scenario()
    day.queue("support")
    day.call("kim")
    day.advance(seconds=10)
    day.call("lee")
    day.send(PriorityChanged(contact_id=day.contact_ids["lee"], priority=5))
    day.agent("ann")
    day.picks_up("ann")
    day.advance(seconds=30)
    day.hangs_up("ann")
    day.wraps_up("ann")
    day.picks_up("ann")
    day.call("max")
    return day


def entries(day: Scenario) -> list[Entry]:
    acd, found = Acd(), []
    for event, now in day.log:
        decision = acd.handle(event, now)
        found.append(Entry(number=decision.number, at_ms=now, event=event, facts=decision.facts, refused=None))
    return found


def recorded(path: Path, decided: Sequence[Entry]) -> Path:
    with Recording(path) as recording:
        for entry in decided:
            recording.append(entry)
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return recorded(tmp_path / "journal.sqlite", entries(busy_morning()))


def test_why_tells_a_contacts_offer_and_what_passed_it(journal: Path) -> None:
    kim = busy_morning().contact_ids["kim"]
    told = run("why", kim, "--journal", str(journal))
    assert told.exit_code == 0, told.output
    assert "ann was offered this call of queue “support” after 40 s" in told.output
    assert "with 5 more points of priority" in told.output
    assert "→" in told.output


def test_why_tells_it_in_russian(journal: Path) -> None:
    told = run("why", busy_morning().contact_ids["kim"], "--journal", str(journal), "--language", "ru")
    assert "получил оператор ann" in told.output


def test_why_tells_what_a_contact_waits_for(journal: Path) -> None:
    told = run("why", busy_morning().contact_ids["max"], "--journal", str(journal))
    assert "everyone who could take it is busy" in told.output


def test_why_of_a_home_needs_its_journal_only(journal: Path) -> None:
    told = run("why", busy_morning().contact_ids["max"], "--home", str(journal.parent))
    assert told.exit_code == 0, told.output
    assert "everyone who could take it is busy" in told.output


def test_why_as_json_is_the_whole_story(journal: Path) -> None:
    kim = busy_morning().contact_ids["kim"]
    told = run("why", kim, "--journal", str(journal), "--json")
    assert msgspec.json.decode(told.output, type=why.Story) == why.explain(entries(busy_morning()), kim)


def test_why_at_an_event_knows_nothing_of_what_came_later(journal: Path) -> None:
    day = busy_morning()
    offered = next(entry.number for entry in entries(day) if any(is_offer(fact) for fact in entry.facts))
    story = json.loads(
        run("why", day.contact_ids["kim"], "--journal", str(journal), "--at", str(offered), "--json").output
    )
    assert story["offers"] == []
    assert story["wait"] is not None
    assert story["closed"] is None


def is_offer(fact: object) -> bool:
    return isinstance(fact, AssignmentOffered)


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        (("why", "c999", "--journal", "{journal}"), "knows no contact c999", 2),
        (("why", "kim", "--journal", "{journal}"), "kim is no contact: they are called c and a number", 2),
        (("why", "c2", "--journal", "{folder}/nothing.sqlite"), "There is no journal", 1),
        (("why", "c2", "--home", "{folder}/empty"), "holds no journal.sqlite", 1),
        (("why", "c2", "--journal", "{journal}", "--home", "."), "Give --home DIR or --journal FILE", 2),
        (("audit", "--home", "{folder}/empty"), "holds no journal.sqlite", 1),
    ],
)
def test_a_mistake_is_one_sentence(journal: Path, words: tuple[str, ...], sentence: str, code: int) -> None:
    (journal.parent / "empty").mkdir()
    told = run(*(word.format(journal=journal, folder=journal.parent) for word in words))
    assert sentence in told.output
    assert told.exit_code == code
    assert "Traceback" not in told.output


def test_a_story_begins_at_the_nearest_snapshot(journal: Path) -> None:
    """What stands before it is not read: it could not be, here."""
    decided = entries(busy_morning())
    max_ = busy_morning().contact_ids["max"]
    acd = Acd()
    for entry in decided[:-1]:
        acd.fold(entry.number, entry.facts)
    encoded = msgspec.json.encode(state.snapshot(acd.state))
    late = recorded(journal.parent / "late.sqlite", decided[-1:])
    snapshots.save(late.with_suffix(".snapshots"), acd.state.number, encoded)
    assert reading.story(WrittenFile(late), max_) == reading.story(WrittenFile(journal), max_)


def test_audit_explains_a_sound_day(journal: Path) -> None:
    told = run("audit", "--home", str(journal))
    assert told.exit_code == 0, told.output
    assert "priority" in told.output
    assert "Every offer is explained by the policy." in told.output


def doctored(change: Callable[[AssignmentOffered], AssignmentOffered]) -> list[Entry]:
    """The morning with its first offer changed, and nothing after it."""
    found = []
    for entry in entries(busy_morning()):
        facts = tuple(change(fact) if isinstance(fact, AssignmentOffered) else fact for fact in entry.facts)
        found.append(Entry(number=entry.number, at_ms=entry.at_ms, event=entry.event, facts=facts, refused=None))
        if facts != entry.facts:
            return found
    raise AssertionError("there was no offer")


def test_audit_finds_a_doctored_day_and_says_so_by_its_exit_code(tmp_path: Path) -> None:
    day = busy_morning()
    kim, lee = day.contact_ids["kim"], day.contact_ids["lee"]
    file = recorded(tmp_path / "journal.sqlite", doctored(lambda offer: replace(offer, contact_id=ContactId(kim))))
    told = run("audit", "--home", str(tmp_path))
    assert told.exit_code == 1
    assert f"ann got {kim} although {lee} stood first" in told.output
    report = json.loads(run("audit", "--home", str(file), "--json").output)
    assert report["unexplained"] == 1
    assert report["findings"][0]["fault"] == auditor.Fault.OUTRANKED


def test_replay_decides_a_journal_again_and_names_what_differs(journal: Path) -> None:
    told = run("replay", "--home", str(journal))
    assert told.exit_code == 0, told.output
    assert "decisions/s" in told.output
    figures = json.loads(run("replay", "--home", str(journal.parent), "--json").output)
    assert figures["differences"] == []
    assert figures["digest"].startswith(told.output.split("Digest ")[1].strip().rstrip("."))


def test_replay_of_a_doctored_journal_exits_with_an_error(tmp_path: Path) -> None:
    kim = busy_morning().contact_ids["kim"]
    recorded(tmp_path / "journal.sqlite", doctored(lambda offer: replace(offer, contact_id=ContactId(kim))))
    told = run("replay", "--home", str(tmp_path))
    assert told.exit_code == 1
    assert "AssignmentOffered.contact_id" in told.output
