"""What comes beside and after the talk, with real calls: messages in a voicemail box, questions by keys, parked
callers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner

from cti import shipped
from cti.cli import main
from cti.config import load
from cti.demo.carrier import Call
from cti.domain.facts import ContactQueued
from cti.domain.ids import Medium
from cti.voicemail import kept, messages
from tests.browser import telephony
from tests.browser.desktop import CALLER_HZ
from tests.browser.telephony import SALES, Lines
from tests.e2e.test_transfers import Person, last_number, people, talking
from tests.running import PATIENCE_S, RunningCentre, eventually, free_port_base, soon

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

BOXES = """
destinations:
  box: {name: {en: Box, ru: Ящик}, voicemail: {prompt: closed, limit_s: 60, queue: support}}
"""
SURVEY = (
    "    survey: {questions: [{key: quality, prompt: closed}, {key: again, prompt: closed, most: 2}], wait_s: 20}\n"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """A demo centre whose sales send to a box who has waited a second."""
    home = tmp_path_factory.mktemp("a") / "h"
    home.mkdir()
    text = (shipped.asterisk_conf() / "centre.yaml").read_text(encoding="utf-8")
    sales = "  sales:\n    name: {en: Sales, ru: Продажи}\n"
    assert sales in text
    before, _, after = text.partition(sales)
    rules, end, rest = after.partition("  support:\n")
    kept_lines = [line for line in rules.splitlines(keepends=True) if not line.startswith(("    steps:", "      - "))]
    steps = "    steps: [{after_s: 1, to: destination box}]\n"
    support = "    name: {en: Support, ru: Поддержка}\n"
    assert support in rest
    whole = before + sales + steps + "".join(kept_lines) + end + rest.replace(support, support + SURVEY, 1) + BOXES
    (home / "centre.yaml").write_text(whole, encoding="utf-8")
    load(home / "centre.yaml")
    running = RunningCentre(home, port_base=free_port_base())
    try:
        yield running.start()
    finally:
        running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def callers(own: RunningCentre) -> AsyncIterator[Lines]:
    own.make_whole()
    async with telephony.lines(own) as made:
        yield made


async def is_recorded(centre: RunningCentre, call: Call, lines: Lines) -> Path:
    """The caller speaks, and two seconds of it are in a file."""
    folder = centre.home().voicemail
    before = set(folder.glob("*.wav"))
    await lines.hears_something(call)
    found: list[Path] = []

    def speaks() -> bool:
        found[:] = [path for path in folder.glob("*.wav") if path not in before and path.stat().st_size > 40_000]
        return bool(found)

    await soon(speaks, what="a message is being recorded")
    return found[0]


def left_since(centre: RunningCentre, before: int) -> list[ContactQueued]:
    return [
        fact
        for number, fact in centre.facts()
        if number > before and isinstance(fact, ContactQueued) and fact.medium is Medium.VOICEMAIL
    ]


async def test_a_message_is_a_contact_that_its_agent_hears(own: RunningCentre, callers: Lines, tmp_path: Path) -> None:
    before = last_number(own)
    call = await callers.call("+79161234567", SALES)
    await is_recorded(own, call, callers)
    await callers.hang_up(call)
    await soon(lambda: left_since(own, before), what="the message is a contact")
    [queued] = left_since(own, before)
    assert (queued.queue_id, queued.leg_id) == ("support", None)
    async with people(own, ["341", "342"], tmp_path) as everybody:
        await soon(lambda: any(one.desk.assignments for one in everybody), what="somebody is offered it")
        has = next(one for one in everybody if one.desk.assignments)
        other = next(one for one in everybody if one is not has)
        shown = next(iter(has.desk.assignments.values())).contact
        assert (shown.medium, shown.contact_id) == ("voicemail", queued.contact_id)
        assert shown.address.replace(" ", "").replace("-", "") == "+79161234567"
        about = await has.http.get(f"/contacts/{queued.contact_id}/voicemail")
        assert about.json()["seconds"] >= 2
        sound = f"/contacts/{queued.contact_id}/voicemail/sound"
        whole = await has.http.get(sound)
        part = await has.http.get(sound, headers={"Range": "bytes=44-143"})
        assert (whole.status_code, part.status_code) == (200, 206)
        assert part.content == whole.content[44:144]
        assert whole.content[:4] == b"RIFF"
        assert (await other.http.get(sound)).status_code == 404
    [file] = kept(own.home().voicemail).glob("*.sealed")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_message_left_while_the_engine_is_dead_is_one_contact(own: RunningCentre, callers: Lines) -> None:
    before = last_number(own)
    call = await callers.call("+79161234568", SALES)
    file = await is_recorded(own, call, callers)
    with own.held_back():
        own.kill("engine")
        await callers.hang_up(call)
        await soon(lambda: any(one.file == file for one in messages(file.parent)), what="the file is whole")
    eventually(own.is_whole, what="the engine is back")
    await soon(lambda: left_since(own, before), what="the message is a contact")
    await soon(lambda: not file.exists(), what="and is put away")
    assert len(left_since(own, before)) == 1


async def presses(lines: Lines, call: Call, key: str) -> None:
    await lines.manager.ask("PlayDTMF", {"Channel": f"call-{call.order.label}", "Digit": key, "Duration": "200"})


async def given(person: Person, contact_id: str) -> list[tuple[str, int]]:
    answer = await person.http.get(f"/contacts/{contact_id}/survey")
    return [(one["question"], one["value"]) for one in answer.json()]


async def test_a_caller_whose_agent_hangs_up_is_asked_and_the_engine_is_not_needed(
    own: RunningCentre, callers: Lines, tmp_path: Path
) -> None:
    async with people(own, ["343", "344"], tmp_path) as everybody:
        call, ann, _ = await talking(callers, everybody, "+79161234569")
        contact_id = ann.desk.assignments[ann.talk].contact.contact_id
        await ann.does("hangup")
        await ann.has("wrap_up")
        await callers.hears_something(call)
        assert not call.ended.done()
        await presses(callers, call, "9")
        await presses(callers, call, "4")
        await soon_given(ann, contact_id, [("quality", 4)])
        with own.held_back():
            own.kill("engine")
        eventually(own.is_whole, what="the engine is back")
        assert not call.ended.done(), "he is asked still"
        await presses(callers, call, "2")
        async with asyncio.timeout(PATIENCE_S):
            await call.ended
        await soon_given(ann, contact_id, [("quality", 4), ("again", 2)])
    wanted = ["survey", "report", "--home", str(own.path), "--csv", "-"]
    report = await asyncio.to_thread(CliRunner().invoke, main, wanted)
    assert report.output.splitlines() == [
        "queue,question,asked,answered,mean",
        "support,again,1,1,2.00",
        "support,quality,1,1,4.00",
    ]


async def soon_given(person: Person, contact_id: str, expected: list[tuple[str, int]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await given(person, contact_id) != expected:
            await asyncio.to_thread(threading.Event().wait, 0.1)


async def test_a_parked_caller_hears_music_through_the_engines_death_and_is_fetched_by_a_colleague(
    own: RunningCentre, callers: Lines, tmp_path: Path
) -> None:
    async with people(own, ["345", "346"], tmp_path, wrap_s=0.2) as everybody:
        call, ann, bob = await talking(callers, everybody, "+79161234570")
        parked = await ann.http.post(f"/assignments/{ann.talk}/park")
        assert parked.json() == {"slot": 701}
        await callers.hears_something(call)
        [seen] = (await bob.http.get("/parked")).json()
        assert (seen["slot"], seen["queue"]) == (701, "Support")
        engine = own.kill("engine")
        await soon(lambda: own.is_back("engine", after=engine), what="the engine is back")
        eventually(own.is_whole, what="and has its switch")
        assert not call.ended.done()
        [kept] = (await bob.http.get("/parked")).json()
        assert (kept["contact_id"], kept["slot"]) == (seen["contact_id"], 701)
        await soon_fetched(bob, kept["contact_id"])
        await bob.has("active")
        await callers.hears_agent(call)
        await bob.phone.hears(CALLER_HZ)
        assert (await ann.http.get("/parked")).json() == []
        refused = await ann.http.post(f"/parked/{kept['contact_id']}/fetch")
        assert (refused.status_code, refused.json()["code"]) == (409, "park_gone")
        await callers.hang_up(call)


async def soon_fetched(person: Person, contact_id: str) -> None:
    """His phone registers anew with the new engine's first look."""
    async with asyncio.timeout(PATIENCE_S):
        while (await person.http.post(f"/parked/{contact_id}/fetch")).status_code != 200:
            await asyncio.to_thread(threading.Event().wait, 0.2)
