"""Recordings follow the contact: what begins, goes on, pauses and ends, on a script of the ACD and a made-up switch."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from cti.config import Recording
from cti.domain.ids import LegId, QueueId
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError, RuleError
from cti.home import Home, Settings
from cti.metrics import Metrics
from cti.ports.recordings import Kept
from cti.recordings import recorder as recorder_module
from cti.recordings.archive import Archive
from cti.recordings.recorder import Recorder
from cti.recordings.sealer import Sealer
from cti.recordings.spool import Note, Spool
from cti.testing.scenario import Scenario
from tests.recordings.test_archive import FakeShelf
from tests.running import soon

SUPPORT = QueueId("support")


class FakeMonitor:
    """A switch that notes what it is asked, and writes a little sound; a tap's file is open until the tap's end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[LegId, BinaryIO] = {}
        self.asked: list[str] = []
        self.told: set[LegId] = set()
        self.silent = False
        """It answers to nothing."""
        self.unanswered: list[str] = []
        """Files that it was asked to write while it was silent."""
        self.ends_with: OutsideError | None = None
        """What comes of asking it to end a tap."""
        self.end_tries = 0

    async def begin(self, leg_id: LegId, file: str) -> None:
        if self.silent:
            self.unanswered.append(file)
        self._ask("begin")
        self.write(file)
        self.close(leg_id)
        self._open[leg_id] = (self._folder / file).open("ab")

    def close(self, leg_id: LegId) -> None:
        """Have the tap over, asked or not."""
        if leg_id in self._open:
            self._open.pop(leg_id).close()

    def close_all(self) -> None:
        """What a switch does that dies."""
        for leg_id in list(self._open):
            self.close(leg_id)

    def write(self, file: str) -> None:
        with (self._folder / file).open("ab") as written:
            written.write(bytes(3200))

    async def silence(self, leg_id: LegId) -> None:
        self._ask("silence")

    async def end(self, leg_id: LegId) -> None:
        self.end_tries += 1
        if self.ends_with is not None:
            if isinstance(self.ends_with, ChannelGone):
                self.close(leg_id)
            raise self.ends_with
        self._ask("end")
        self.close(leg_id)

    async def was_told(self, leg_id: LegId) -> bool:
        self._ask("was_told")
        return leg_id in self.told

    def _ask(self, what: str) -> None:
        if self.silent:
            raise AsteriskSilent("no answer")
        self.asked.append(what)


class Day:
    """A scenario whose decisions a recorder follows."""

    def __init__(self, home: Home) -> None:
        self.script = Scenario()
        self.script.queue("support")
        self.script.queue("private")
        self.script.agent("ann")
        self.spool = Spool(home)
        self.spool.make()
        self.monitor = FakeMonitor(home.recording_spool)
        self.shelf = FakeShelf()
        self.policies: dict[QueueId, Recording] = {SUPPORT: Recording(announce=False)}
        self.free_limit = 1
        self.metrics = Metrics()
        self._home = home
        self._seen = 0

    @contextlib.asynccontextmanager
    async def recorded(self) -> AsyncIterator[Recorder]:
        """One engine's recorder; the next begins where it has stopped."""
        archive = Archive(
            spool=self.spool,
            sealer=Sealer(self._home.path),
            shelf=self.shelf,
            now=lambda: self.script.clock.now_ms,
            metrics=self.metrics,
        )
        made = Recorder(
            state=lambda: self.script.state,
            policy=self.policies.get,
            monitors=lambda _: self.monitor,
            spool=self.spool,
            archive=archive,
            free_limit=lambda: self.free_limit,
            now=lambda: self.script.clock.now_ms,
            changed=lambda _: None,
            metrics=self.metrics,
        )
        tasks = [asyncio.create_task(work()) for work in (made.run, archive.run)]
        try:
            await soon(lambda: made.free_bytes > 0, what="it has looked")
            yield made
        finally:
            await made.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await archive.stop()

    def tell(self, recorder: Recorder) -> None:
        """What was decided since the last time."""
        for decision in self.script.journal[self._seen :]:
            recorder.decided(decision, self.script.clock.now_ms)
        self._seen = len(self.script.journal)

    def kept(self) -> list[Kept]:
        return list(self.shelf.rows.values())

    def refused(self, why: str) -> float:
        return self.metrics.counter("triune_recordings_refused_total", "").value(why=why)

    def failed(self, what: str) -> float:
        return self.metrics.counter("triune_recording_failures_total", "").value(what=what)

    def sounds(self) -> list[Path]:
        return list(self._home.recording_spool.iterdir())

    def talk(self, name: str = "carl") -> None:
        """Ann talks to him."""
        self.script.call(name)
        self.script.pop_shown("ann")
        self.script.answers("ann")


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    monkeypatch.setattr(recorder_module, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(recorder_module, "ALL_EVERY_S", 0.1)
    made = Day(Home.make(tmp_path / "home", Settings()))
    yield made
    made.monitor.close_all()


async def test_a_talk_is_recorded_from_its_begin_to_its_end_with_who_had_it(day: Day) -> None:
    async with day.recorded() as recorder:
        day.script.call("carl")
        day.tell(recorder)
        assert not day.monitor.asked, "who waits is not recorded"
        day.script.pop_shown("ann")
        day.script.answers("ann")
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        day.script.caller_hangs_up("carl")
        day.tell(recorder)
        await soon(day.kept, what="it is kept")
    (kept,) = day.kept()
    assert (kept.contact_id, kept.agents, kept.queue_id) == (contact_id, ("ann",), "support")
    assert day.monitor.asked == ["begin", "end"]


async def test_only_who_was_told_is_recorded_where_that_is_asked_for(day: Day) -> None:
    day.policies[SUPPORT] = Recording()
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: day.refused("not_announced") == 1, what="it is refused")
        assert recorder.of(day.script.contact("carl").id) is None
        assert not day.spool.notes()
        day.script.caller_hangs_up("carl")
        day.script.wraps_up("ann")
        day.script.call("dora")
        day.monitor.told.add(LegId("dora-leg"))
        day.script.pop_shown("ann")
        day.script.answers("ann")
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("dora").id) is not None, what="she is recorded")


async def test_without_space_the_call_goes_on_and_is_not_recorded(day: Day) -> None:
    day.free_limit = 1 << 62
    async with day.recorded() as recorder:
        assert recorder.is_full
        day.talk()
        day.tell(recorder)
        await soon(lambda: day.refused("space") == 1, what="it is refused")
        assert not day.monitor.asked
    assert day.script.contact("carl").leg_id is not None


async def test_what_may_begin_late_keeps_its_note_until_the_switch_says_that_it_ended(day: Day) -> None:
    day.monitor.silent = True
    day.policies[QueueId("private")] = Recording(announce=False)
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: day.monitor.end_tries > 1, what="its end is asked for again and again")
        (file,) = day.monitor.unanswered
        day.monitor.write(file)
        assert [note.leg_id for note in day.spool.notes()] == ["carl-leg"], "one, and nothing else is begun on the leg"
        day.monitor.silent = False
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="the talk is recorded anew")
        assert day.monitor.asked[:2] == ["end", "begin"]
        assert [f"{note.recording_id}.raw" for note in day.spool.notes()] == [path.name for path in day.sounds()]


async def test_nothing_begins_on_a_leg_whose_tap_may_begin_late(day: Day) -> None:
    day.monitor.silent = True
    day.policies[QueueId("private")] = Recording(announce=False)
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: day.monitor.end_tries > 0, what="it is not answered")
        day.script.transfers("ann", queue="private")
        day.script.wraps_up("ann")
        day.script.pop_shown("ann")
        day.script.answers("ann")
        day.tell(recorder)
        asked = day.monitor.end_tries
        await soon(lambda: day.monitor.end_tries > asked + 2, what="it was looked at again")
        assert len(day.monitor.unanswered) == 1


async def test_sound_without_a_note_is_cleared_at_the_start_and_with_one_it_is_not(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
    (running,) = day.sounds()
    day.monitor.write("c9-1.raw")
    day.spool.make()
    assert day.sounds() == [running]


async def test_an_end_without_an_answer_is_asked_for_again_and_nothing_begins_on_the_leg_meanwhile(day: Day) -> None:
    day.policies[QueueId("private")] = Recording(announce=False)
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        day.monitor.ends_with = AsteriskSilent("no answer")
        del day.policies[SUPPORT]
        await soon(lambda: day.monitor.end_tries > 1, what="its end is asked for again and again")
        day.policies[SUPPORT] = Recording(announce=False)
        day.monitor.asked.clear()
        tries = day.monitor.end_tries
        await soon(lambda: day.monitor.end_tries > tries + 3, what="it is looked at again")
        assert not day.kept(), "it may be written still"
        assert not day.monitor.asked, "what began now would be ended by what is asked for"
        day.monitor.ends_with = None
        await soon(day.kept, what="it is kept")
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded again")
    assert day.monitor.asked[:2] == ["end", "begin"]


async def test_an_end_that_fails_again_and_again_is_told_once_until_the_reason_is_another(
    day: Day, caplog: pytest.LogCaptureFixture
) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
        day.monitor.ends_with = AsteriskSilent("no answer")
        day.script.caller_hangs_up("carl")
        day.tell(recorder)
        await soon(lambda: day.monitor.end_tries > 3, what="its end is asked for again and again")
        assert (day.failed("end"), caplog.text.count("end failed: no answer")) == (1, 1)
        day.monitor.ends_with = AsteriskSilent("no connection")
        await soon(lambda: "end failed: no connection" in caplog.text, what="it is told anew")
        assert day.failed("end") == 2


async def test_the_tap_of_a_leg_that_is_gone_has_ended(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
        day.monitor.ends_with = ChannelGone("gone")
        day.script.caller_hangs_up("carl")
        day.tell(recorder)
        await soon(day.kept, what="it is kept")
    assert not day.failed("end")


async def test_a_switch_that_is_away_has_ended_what_it_does_not_have_open(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
        day.monitor.ends_with = AsteriskDown("away")
        day.script.caller_hangs_up("carl")
        day.tell(recorder)
        await soon(lambda: day.monitor.end_tries > 1, what="its end is asked for again and again")
        assert not day.kept(), "only the connection is away"
        day.monitor.close_all()
        await soon(day.kept, what="it is kept")


async def test_a_tap_is_ended_though_the_disk_cannot_be_written(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Note) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
        monkeypatch.setattr(day.spool, "save", full)
        day.script.caller_hangs_up("carl")
        day.tell(recorder)
        await soon(lambda: "end" in day.monitor.asked, what="the switch is told")


async def test_a_pause_that_the_switch_does_not_confirm_is_none(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        day.monitor.silent = True
        with pytest.raises(AsteriskSilent):
            await recorder.pause(contact_id)
        note = recorder.of(contact_id)
        assert note is not None
        assert note.paused_ms is None
        assert day.spool.notes()[0].paused_ms is None


async def test_a_pause_ends_by_itself_and_is_told_of(day: Day) -> None:
    day.policies[SUPPORT] = Recording(announce=False, pause_limit_s=30)
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        begun_ms = day.script.clock.now_ms
        assert await recorder.pause(contact_id) == begun_ms + 30_000
        assert day.spool.notes()[0].resumes_ms == begun_ms + 30_000, "on disk before it is confirmed"
        day.script.clock.now_ms += 31_000
        await soon(lambda: _is_on(recorder, day), what="it goes on")
        note = recorder.of(contact_id)
        assert note is not None
        assert note.pauses == ((begun_ms, begun_ms + 31_000),)
    assert day.monitor.asked == ["begin", "silence", "end", "begin"]


def _is_on(recorder: Recorder, day: Day) -> bool:
    note = recorder.of(day.script.contact("carl").id)
    return note is not None and note.paused_ms is None


async def test_the_next_engine_takes_up_a_pause_and_tells_the_switch_again(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        await recorder.pause(contact_id)
    day.monitor.asked.clear()
    day.monitor.silent = True
    async with day.recorded() as recorder:
        await soon(lambda: recorder.of(contact_id) is not None, what="it is taken up")
        day.monitor.silent = False
        await soon(lambda: day.monitor.asked == ["silence"], what="the switch is told once it answers")
        note = recorder.of(contact_id)
        assert note is not None
        assert note.paused_ms is not None


async def test_what_ended_while_there_was_no_engine_is_kept(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
    day.script.caller_hangs_up("carl")
    async with day.recorded():
        await soon(day.kept, what="it is kept")
    assert len(day.kept()) == 1


async def test_another_voice_has_the_tap_made_anew_and_the_same_one_after_a_hold_has_not(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        contact_id = day.script.contact("carl").id
        await soon(lambda: recorder.of(contact_id) is not None, what="it is recorded")
        day.script.holds("ann")
        day.script.resumes("ann")
        day.tell(recorder)
        day.script.agent("bob")
        leg_id = day.script.asks("ann", agent="bob")
        day.script.party_answers(leg_id)
        day.tell(recorder)
        day.script.hands_over("ann")
        day.tell(recorder)
        await soon(lambda: day.monitor.asked.count("begin") >= 2, what="the tap is made anew")
        await soon(lambda: recorder.of(contact_id) is not None and "bob" in _agents(recorder, day), what="bob has it")
    assert day.monitor.asked[:2] == ["begin", "end"]


def _agents(recorder: Recorder, day: Day) -> tuple[str, ...]:
    note = recorder.of(day.script.contact("carl").id)
    return note.agents if note is not None else ()


async def test_in_a_queue_that_is_not_recorded_it_ends(day: Day) -> None:
    async with day.recorded() as recorder:
        day.talk()
        day.tell(recorder)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is recorded")
        day.script.transfers("ann", queue="private")
        day.tell(recorder)
        await soon(day.kept, what="what was said so far is kept")
        assert recorder.of(day.script.contact("carl").id) is None


async def test_what_is_not_recorded_cannot_be_paused(day: Day) -> None:
    async with day.recorded() as recorder:
        day.script.call("carl")
        with pytest.raises(RuleError, match="not being recorded"):
            await recorder.pause(day.script.contact("carl").id)


async def test_a_call_of_ours_is_recorded_only_where_the_queue_says_so(day: Day) -> None:
    async with day.recorded() as recorder:
        day.script.asks_to_call("ann", "carl")
        day.script.answers("ann")
        day.script.customer_answers("ann")
        day.tell(recorder)
        assert recorder.of(day.script.contact("carl").id) is None
        day.policies[SUPPORT] = Recording(announce=True, outgoing=True)
        await soon(lambda: recorder.of(day.script.contact("carl").id) is not None, what="it is looked at again")
    assert "was_told" not in day.monitor.asked, "nothing is played on a call of ours"
