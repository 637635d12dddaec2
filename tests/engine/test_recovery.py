import asyncio

import pytest
from msgspec.structs import replace

from cti.domain.acd import Acd, Snapshot, snapshot
from cti.domain.commands import Apologise
from cti.domain.ids import CampaignMode
from cti.engine import recovery
from cti.errors import OutsideError
from cti.ports import NUMBERS_PER_OWNER, Entry
from cti.testing import Scenario
from tests.engine.world import Centre, MemoryJournal
from tests.running import PATIENCE_S


def without_number(acd: Acd) -> Snapshot:
    return replace(snapshot(acd.state), number=0)


async def test_a_new_owner_gives_out_no_number_twice() -> None:
    centre = Centre()
    recovered = await recovery.recover(MemoryJournal(centre.entries))
    assert recovered.acd.state.number == NUMBERS_PER_OWNER


async def test_a_new_journal_gives_an_empty_state() -> None:
    recovered = await recovery.recover(MemoryJournal())
    assert recovered.acd.state.contacts == {}
    assert recovered.last_ms == 0


async def test_folding_the_journal_gives_the_state_that_wrote_it() -> None:
    centre = Centre()
    centre.answer(centre.call("n1-1"))
    centre.call("n1-2")
    centre.call("n1-3")
    recovered = await recovery.recover(MemoryJournal(centre.entries))
    assert without_number(recovered.acd) == without_number(centre.acd)
    assert recovered.last_ms == centre.now


async def test_snapshot_and_later_facts_give_the_same_state() -> None:
    centre = Centre()
    centre.call("n1-1")
    journal = MemoryJournal()
    await journal.save_snapshot(centre.acd.state.number, recovery.encode(snapshot(centre.acd.state)))
    centre.call("n1-2")
    journal.written = list(centre.entries)
    recovered = await recovery.recover(journal)
    assert without_number(recovered.acd) == without_number(centre.acd)
    assert recovered.folded == 1


async def test_a_snapshot_that_cannot_be_saved_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(MemoryJournal):
        refusals = 2

        async def save_snapshot(self, number: int, state: bytes) -> None:
            if self.refusals:
                self.refusals -= 1
                raise OutsideError("PostgreSQL is away.")
            await super().save_snapshot(number, state)
            saved.set()

    monkeypatch.setattr(recovery, "FIRST_SNAPSHOT_S", 0.001)
    saved, centre, journal = asyncio.Event(), Centre(), Away()
    keeping = asyncio.create_task(recovery.keep_snapshots(centre.acd, journal))
    await asyncio.sleep(0)
    centre.call("n1-1")
    async with asyncio.timeout(PATIENCE_S):
        await saved.wait()
    keeping.cancel()
    assert caplog.text.count("no snapshot was saved: PostgreSQL is away.") == 2
    newest = await journal.latest_snapshot()
    assert newest is not None
    assert newest[0] == centre.acd.state.number


async def test_callers_legs_of_closed_contacts_are_remembered() -> None:
    from cti.domain.events import LegEnded
    from cti.domain.ids import LegCause, LegId

    centre = Centre(agents=0)
    centre.call("n1-1")
    centre.call("n1-2")
    centre.do(LegEnded(leg_id=LegId("n1-1"), cause=LegCause.NORMAL))
    recovered = await recovery.recover(MemoryJournal(centre.entries))
    assert recovered.ended_legs == ("n1-1",)


async def test_a_callee_who_was_to_be_told_sorry_is_remembered_so() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("early")
    day.caller_hangs_up("early")
    day.stays_connected("ann")
    day.campaign(mode=CampaignMode.PREDICTIVE, leads=2, cap_permyriad=10_000)
    day.callee_answers("l1")
    day.callee_answers("l2")
    day.advance(ms=2_000)
    sorry = day.expect(Apologise)
    entries = [
        Entry(number=decision.number, at_ms=at_ms, event=event, facts=decision.facts, refused=None)
        for (event, at_ms), decision in zip(day.log, day.journal, strict=True)
    ]
    recovered = await recovery.recover(MemoryJournal(entries))
    assert recovered.apologies == (sorry,)
    assert sorry.leg_id in recovered.ended_legs


async def test_a_follower_need_only_fold_what_it_has_not_seen() -> None:
    centre = Centre()
    centre.answer(centre.call("n1-1"))
    follower, journal = recovery.Follower(), MemoryJournal(list(centre.entries))
    await follower.read(journal)
    assert follower.number == centre.entries[-1].number
    centre.call("n1-2")
    journal.written = list(centre.entries)
    await follower.read(journal)
    await follower.read(journal)
    seen = follower.folded
    centre.call("n1-3")
    journal.written = list(centre.entries)
    recovered = await recovery.recover(journal, follower)
    assert without_number(recovered.acd) == without_number(centre.acd)
    assert recovered.acd.state.number == NUMBERS_PER_OWNER
    assert recovered.folded == len(centre.entries) > seen


async def test_a_follower_that_begins_with_a_snapshot_knows_the_legs_before_it() -> None:
    from cti.domain.events import LegEnded
    from cti.domain.ids import LegCause, LegId

    centre = Centre(agents=0)
    centre.call("n1-1")
    centre.do(LegEnded(leg_id=LegId("n1-1"), cause=LegCause.NORMAL))
    journal = MemoryJournal(list(centre.entries))
    await journal.save_snapshot(centre.acd.state.number, recovery.encode(snapshot(centre.acd.state)))
    follower = recovery.Follower()
    await follower.read(journal)
    centre.call("n1-2")
    journal.written = list(centre.entries)
    recovered = await recovery.recover(journal, follower)
    assert recovered.ended_legs == ("n1-1",)
    assert recovered.last_ms == centre.now
    assert without_number(recovered.acd) == without_number(centre.acd)
