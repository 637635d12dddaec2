"""Recordings of live talks: begun, paused, resumed and ended as the contact goes; what is over goes to `Archive`.

Theory of operation. What is to be recorded follows from the state (`wanted`) and is looked at after every decision that
may change it, and again every few seconds, so that what failed once is mended. The call never waits for any of it. Each
recording's doings are done one after the other. The note is written before the switch is asked (`spool`), so whatever
dies, the next engine finds all: what still runs it takes up, what is over it finishes. A pause is the switch's: it
holds while there is no engine, and it ends by an engine's word only. What the switch left unanswered it may do later:
until it has answered that a tap has ended, its note stays, and nothing else begins on the leg.

Somebody else's voice needs the tap made anew (`_renew`): Asterisk decodes all that goes to a leg with one decoder,
which takes packets with lower numbers than the last speaker's for late ones and drops them, for minutes. A renewal
leaves out `GAP_S` on both sides alike. Made by `cti.app`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from msgspec import structs

from cti.config import Recording
from cti.domain.acd import Decision
from cti.domain.contact import Contact
from cti.domain.ids import ContactId, LegId, Milliseconds, NodeId, QueueId
from cti.domain.state import State
from cti.errors import AsteriskDown, ChannelGone, OutsideError, RuleError
from cti.metrics import Metrics
from cti.ports.recordings import Monitor
from cti.recordings import wanted
from cti.recordings.archive import Archive
from cti.recordings.spool import Note, Spool, file_name

log = logging.getLogger(__name__)

GAP_S: Final = 0.06
"""Three packets: Asterisk lets the old tap go with the next one."""
LOOK_EVERY_S: Final = 2.0
ALL_EVERY_S: Final = 20.0
"""How often every contact in an agent's hands is looked at; those who wait may be many, and are not recorded."""
WARN_EVERY_S: Final = 60.0


class Recorder:
    """The recordings of one engine. `run` is to be a supervised task; all calls on the engine's loop."""

    def __init__(
        self,
        *,
        state: Callable[[], State],
        policy: Callable[[QueueId], Recording | None],
        monitors: Callable[[NodeId], Monitor | None],
        spool: Spool,
        archive: Archive,
        free_limit: Callable[[], int],
        now: Callable[[], Milliseconds],
        changed: Callable[[ContactId], None],
        metrics: Metrics,
    ) -> None:
        """`policy`: how talks of a queue are recorded now. `free_limit`: bytes that must be left for another to begin.
        `changed` hears of a contact whose recording begins, pauses, goes on or ends.
        """
        self._state = state
        self._policy = policy
        self._monitors = monitors
        self._spool = spool
        self._archive = archive
        self._free_limit = free_limit
        self._now = now
        self._changed = changed
        self._live: dict[ContactId, Note] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._speakers: dict[LegId, LegId | None] = {}
        """Whom the customer of each recording hears; None: not one leg alone."""
        self._passed_over: dict[ContactId, QueueId] = {}
        """Not to be asked again in that queue: recording begins just now, or is refused."""
        self._unended: dict[str, Note] = {}
        """By recording: whose tap may run, or begin yet, although it is not to."""
        self._end_troubles: dict[str, str] = {}
        """By recording: why its tap could not be ended, as it was said last."""
        self._unsure: set[ContactId] = set()
        """Taken up from the engine before, whose last words the switch may not have heard."""
        self._work: set[asyncio.Task[None]] = set()
        self._taken_up = False
        self._warned_s = float("-inf")
        self.free_bytes = 0
        """As of the last look."""
        self._refused = metrics.counter("triune_recordings_refused_total", "Talks that were not recorded, by why")
        self._failed = metrics.counter("triune_recording_failures_total", "What could not be done to a recording")
        metrics.gauge("triune_recordings_running", "Talks that are being recorded", lambda: len(self._live))
        metrics.gauge("triune_recordings_free_bytes", "Space left for recordings", lambda: self.free_bytes)

    @property
    def is_full(self) -> bool:
        """Whether there is too little space for another recording."""
        return self._taken_up and self.free_bytes < self._free_limit()

    def of(self, contact_id: ContactId) -> Note | None:
        """The recording of this contact that runs now, paused or not; None: nothing is recorded."""
        return self._live.get(contact_id)

    # -- what the engine decides --------------------------------------------------------------------------------------

    def decided(self, decision: Decision, _now: Milliseconds) -> None:
        """After every decision; never blocks."""
        if not self._taken_up:
            return
        state = self._state()
        for leg_id, speaker in wanted.resounding(decision, state):
            if leg_id not in self._speakers or (speaker is not None and self._speakers[leg_id] == speaker):
                continue
            self._speakers[leg_id] = speaker
            note = next(note for note in self._live.values() if note.leg_id == leg_id)
            self._start(note.recording_id, partial(self._renew, note.contact_id))
        for contact_id in wanted.concerned(decision, state):
            self._look(contact_id)

    def _look(self, contact_id: ContactId) -> None:
        state = self._state()
        contact, note = state.contacts.get(contact_id), self._live.get(contact_id)
        policy = self._policy(contact.queue_id) if contact is not None else None
        if note is not None:
            if not wanted.may_go_on(contact, note.leg_id, policy):
                del self._live[contact_id]
                del self._speakers[note.leg_id]
                self._let_end(note)
            elif contact is not None:
                self._add_agent(note, contact)
        elif contact is None:
            self._passed_over.pop(contact_id, None)
        elif any(one.leg_id == contact.leg_id for one in self._unended.values()):
            return
        elif self._passed_over.get(contact_id) != contact.queue_id and wanted.may_begin(contact, state, policy):
            assert policy is not None
            self._begin(contact, policy)

    # -- begin --------------------------------------------------------------------------------------------------------

    def _begin(self, contact: Contact, policy: Recording) -> None:
        assert contact.leg_id is not None
        assert contact.node is not None
        self._passed_over[contact.id] = contact.queue_id
        if self.is_full:
            self._refuse(contact.id, "space")
            return
        now = self._now()
        note = Note(
            recording_id=f"{contact.id}-{now:x}",
            contact_id=contact.id,
            leg_id=contact.leg_id,
            node=contact.node,
            project_id=contact.project_id,
            queue_id=contact.queue_id,
            began_ms=now,
            keep_days=policy.keep_days,
        )
        told = not policy.announce or wanted.was_called(contact)
        self._start(note.recording_id, partial(self._tap, note, told=told))

    def _refuse(self, contact_id: ContactId, why: str) -> None:
        self._refused.add(why=why)
        loop = asyncio.get_running_loop()
        if why == "space" and loop.time() - self._warned_s > WARN_EVERY_S:
            self._warned_s = loop.time()
            log.error(
                "talks are not recorded: %d MB are left on the disk, and limits.recording_free_mb asks for %d. Make "
                "room, or keep recordings for fewer days.",
                *(self.free_bytes >> 20, self._free_limit() >> 20),
                extra={"action": "recording_refused", "contact": contact_id},
            )

    async def _tap(self, note: Note, *, told: bool) -> None:
        monitor = self._monitor(note)
        try:
            if not told and not await monitor.was_told(note.leg_id):
                self._refuse(note.contact_id, "not_announced")
                return
            await asyncio.to_thread(self._spool.save, note)
            await monitor.begin(note.leg_id, file_name(note.recording_id))
        except ChannelGone:
            await self._archive.drop(note)
            return
        except (OutsideError, OSError) as error:
            self._note_failure("begin", note, error)
            self._unended[note.recording_id] = note  # it may have begun, and only not said so
            await self._untap(note)
            return
        self._follow(note)
        self._passed_over.pop(note.contact_id, None)
        log.info("a talk is recorded", extra={"action": "recording_begun", "contact": note.contact_id})
        self._changed(note.contact_id)
        self._look(note.contact_id)

    def _follow(self, note: Note) -> None:
        self._live[note.contact_id] = note
        contact = self._state().contacts.get(note.contact_id)
        assignment_id = contact.assignment_id if contact is not None else None
        assignment = self._state().assignments.get(assignment_id) if assignment_id is not None else None
        self._speakers[note.leg_id] = assignment.leg_id if assignment is not None else None

    def _add_agent(self, note: Note, contact: Contact) -> None:
        assignment_id = contact.assignment_id
        assignment = self._state().assignments.get(assignment_id) if assignment_id is not None else None
        if assignment is None or assignment.started_ms is None or assignment.agent_id in note.agents:
            return
        self._live[note.contact_id] = structs.replace(note, agents=(*note.agents, assignment.agent_id))
        self._start(note.recording_id, partial(self._save, note.contact_id))

    # -- while it runs ------------------------------------------------------------------------------------------------

    async def _save(self, contact_id: ContactId) -> None:
        note = self._live.get(contact_id)
        if note is not None:
            await asyncio.to_thread(self._spool.save, note)

    async def _renew(self, contact_id: ContactId) -> None:
        """Make the tap anew; while it is paused, the resumption does."""
        note = self._live.get(contact_id)
        if note is not None and note.paused_ms is None:
            await self._tap_anew(note)

    async def _mend(self, contact_id: ContactId) -> None:
        """Have it recorded again, if the switch has stopped."""
        note = self._live.get(contact_id)
        if note is None or note.paused_ms is not None:
            return
        if not await asyncio.to_thread(self._spool.is_written, note.recording_id):
            await self._monitor(note).begin(note.leg_id, file_name(note.recording_id))

    async def _tap_anew(self, note: Note) -> None:
        monitor = self._monitor(note)
        await monitor.end(note.leg_id)
        await asyncio.sleep(GAP_S)
        await monitor.begin(note.leg_id, file_name(note.recording_id))

    async def pause(self, contact_id: ContactId) -> Milliseconds:
        """Write silence for both sides; when it ends by itself. Again: the limit counts anew.

        On disk and done when it returns. Raises RuleError when nothing is recorded; OutsideError when it could not be
        done: what is said is recorded still.
        """
        note = self._running(contact_id)
        async with self._lock(note.recording_id):
            note = self._running(contact_id)
            now, policy = self._now(), self._policy(note.queue_id)
            limit_s = policy.pause_limit_s if policy is not None else Recording().pause_limit_s
            paused = structs.replace(note, paused_ms=note.paused_ms or now, resumes_ms=now + limit_s * 1000)
            await self._keep(paused)
            try:
                await self._monitor(note).silence(note.leg_id)
            except OutsideError as error:
                self._note_failure("pause", note, error)
                await self._keep(note)
                self._start(
                    note.recording_id, partial(self._renew, contact_id)
                )  # it may be silent, and only not have said so
                raise
            self._changed(contact_id)
            assert paused.resumes_ms is not None
            return paused.resumes_ms

    async def resume(self, contact_id: ContactId) -> None:
        """Record again; not paused is success. Raises RuleError when nothing is recorded, OutsideError."""
        self._running(contact_id)
        async with self._lock(self._running(contact_id).recording_id):
            note = self._running(contact_id)
            if note.paused_ms is not None:
                await self._end_pause(note)

    async def _end_pause(self, note: Note) -> None:
        assert note.paused_ms is not None
        span = (note.paused_ms, self._now())
        await self._tap_anew(note)
        await self._keep(structs.replace(note, paused_ms=None, resumes_ms=None, pauses=(*note.pauses, span)))
        self._changed(note.contact_id)

    def _running(self, contact_id: ContactId) -> Note:
        note = self._live.get(contact_id)
        if note is None:
            raise RuleError("This talk is not being recorded.", code="not_recorded")
        return note

    async def _keep(self, note: Note) -> None:
        try:
            await asyncio.to_thread(self._spool.save, note)
        except OSError as error:
            self._note_failure("note", note, error)
            raise OutsideError("The disk of the recordings cannot be written.") from error
        if note.contact_id in self._live:
            self._live[note.contact_id] = note

    # -- end ----------------------------------------------------------------------------------------------------------

    def _let_end(self, note: Note) -> None:
        if note.paused_ms is not None:
            pauses = (*note.pauses, (note.paused_ms, self._now()))
            note = structs.replace(note, paused_ms=None, resumes_ms=None, pauses=pauses)
        note = structs.replace(note, ended=True)
        self._unended[note.recording_id] = note
        self._start(note.recording_id, partial(self._end, note))

    async def _end(self, note: Note) -> None:
        await self._untap(note)
        self._changed(note.contact_id)

    async def _untap(self, note: Note) -> None:
        """Have the switch write no more; without an answer, the next look asks again."""
        if note.recording_id not in self._unended or not await self._has_ended(note):
            return
        del self._unended[note.recording_id]
        self._end_troubles.pop(note.recording_id, None)
        if note.ended:
            await self._hand_over(note)
        else:
            self._passed_over.pop(note.contact_id, None)  # the next look tries again
            await self._archive.drop(note)

    async def _has_ended(self, note: Note) -> bool:
        try:
            await self._monitor(note).end(note.leg_id)
        except ChannelGone:
            return True
        except OutsideError as error:
            if self._end_troubles.get(note.recording_id) != str(error):  # asked at every look: said once
                self._end_troubles[note.recording_id] = str(error)
                self._note_failure("end", note, error)
            # a switch that has died may never be back, and has closed its files
            is_over = note.ended and isinstance(error, AsteriskDown)
            return is_over and not await asyncio.to_thread(self._spool.is_written, note.recording_id)
        return True

    async def _hand_over(self, note: Note) -> None:
        try:
            await asyncio.to_thread(self._spool.save, note)
        except OSError as error:  # the archive needs no more than what it is told
            self._note_failure("note", note, error)
        self._archive.take(note)
        self._look(note.contact_id)

    # -- for ever -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take up what was left, then look after all of it, for ever."""
        await asyncio.to_thread(self._spool.make)
        if not self._taken_up:
            for note in await asyncio.to_thread(self._spool.notes):
                self._take_up(note)
            self._taken_up = True
        due_s, loop = 0.0, asyncio.get_running_loop()
        while True:
            self.free_bytes = await asyncio.to_thread(self._spool.free_bytes)
            everybody = loop.time() >= due_s
            if everybody:
                due_s = loop.time() + ALL_EVERY_S
                self._mend_all()
            self._end_what_is_unended()
            in_hand = {one.contact_id for one in self._state().assignments.values()} if everybody else set()
            for contact_id in sorted(in_hand.union(self._live)):
                self._look(contact_id)
            self._unsure.intersection_update(self._live)
            for contact_id in sorted(self._unsure):
                self._start(self._live[contact_id].recording_id, partial(self._adopt, contact_id))
            for note in list(self._live.values()):
                if note.resumes_ms is not None and note.resumes_ms <= self._now():
                    self._start(note.recording_id, partial(self._resume_due, note.contact_id))
            await asyncio.sleep(LOOK_EVERY_S)

    def _mend_all(self) -> None:
        for contact_id in self._passed_over.keys() - self._state().contacts.keys():
            del self._passed_over[contact_id]
        for note in list(self._live.values()):
            if note.paused_ms is None:
                self._start(note.recording_id, partial(self._mend, note.contact_id))

    def _end_what_is_unended(self) -> None:
        for note in list(self._unended.values()):
            if not self._lock(note.recording_id).locked():
                self._start(note.recording_id, partial(self._untap, note))

    def _take_up(self, note: Note) -> None:
        contact = self._state().contacts.get(note.contact_id)
        if note.ended or note.sealed is not None:
            self._archive.take(note)
        elif contact is not None and contact.leg_id == note.leg_id:
            self._follow(note)
            self._unsure.add(note.contact_id)
        else:
            self._let_end(note)

    async def _adopt(self, contact_id: ContactId) -> None:
        """What ran when the engine died runs on; its last words may not have been heard, so they are said again."""
        note = self._live.get(contact_id)
        if note is None or contact_id not in self._unsure:
            return
        if note.paused_ms is not None:
            await self._monitor(note).silence(note.leg_id)
        else:
            await self._tap_anew(note)
        self._unsure.discard(contact_id)

    async def _resume_due(self, contact_id: ContactId) -> None:
        note = self._live.get(contact_id)
        if note is not None and note.resumes_ms is not None and note.resumes_ms <= self._now():
            await self._end_pause(note)

    async def stop(self) -> None:
        """Let what is under way come to its end; recordings go on without us."""
        if self._work:
            await asyncio.wait(self._work, timeout=LOOK_EVERY_S)

    def _monitor(self, note: Note) -> Monitor:
        monitor = self._monitors(note.node)
        if monitor is None:
            raise ChannelGone(f"There is no node {note.node}.")
        return monitor

    def _lock(self, recording_id: str) -> asyncio.Lock:
        return self._locks.setdefault(recording_id, asyncio.Lock())

    def _start(self, recording_id: str, work: Callable[[], Awaitable[None]]) -> None:
        """Have it done after what was begun on this recording before; a failure is logged and counted."""
        task = asyncio.get_running_loop().create_task(self._in_turn(recording_id, work))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _in_turn(self, recording_id: str, work: Callable[[], Awaitable[None]]) -> None:
        lock = self._lock(recording_id)
        async with lock:
            try:
                await work()
            except (OutsideError, OSError) as error:
                self._failed.add(what="follow")
                log.warning("recording %s: %s", recording_id, error, extra={"action": "recording_failed"})
            except Exception:  # the edge of a task: the talk goes on, the next look tries again
                self._failed.add(what="follow")
                log.exception("recording %s failed", recording_id, extra={"action": "recording_failed"})
        at_work = (*self._live.values(), *self._unended.values())
        if all(note.recording_id != recording_id for note in at_work) and not lock.locked():
            self._locks.pop(recording_id, None)

    def _note_failure(self, what: str, note: Note, error: Exception) -> None:
        self._failed.add(what=what)
        log.warning(
            "recording %s: %s failed: %s",
            *(note.recording_id, what, error),
            extra={"action": "recording_failed", "contact": note.contact_id},
        )
