"""Why a campaign dials nobody: always one reason, and the first that somebody can do something about."""

from dataclasses import replace

import pytest
from msgspec import structs

from cti import rules
from cti.campaigns import standing
from cti.campaigns.pace import Pace
from cti.domain import facts, pacing
from cti.domain.campaign import Campaign
from cti.domain.events import Lead
from cti.domain.ids import DialId, DialResult, LeadId, LegId, NodeId
from cti.ports.campaigns import Figures, Idle, Progress
from tests.campaigns.centres import campaign
from tests.campaigns.floor import SPRING


def running(mode: str) -> Campaign:
    opened = rules.campaign_opened(campaign(mode=mode))
    return Campaign(rules=opened, estimates=pacing.nothing_learned(), running=True)


RUNS, PREVIEW = running("predictive"), running("preview")
WORKS = Figures(in_line=50, agents=3, connected=3, reserved=2)
LIST = Progress(total=100, new=50, due=50)
NOW = 2_000_000_000


def idle(known: Campaign, stands: Figures, progress: Progress = LIST, **down: bool) -> Idle | None:
    return standing.idle(
        known,
        stands,
        progress,
        switch_up=not down.get("switch", False),
        database_up=not down.get("database", False),
    )


@pytest.mark.parametrize(
    ("known", "stands", "progress", "why"),
    [
        (structs.replace(RUNS, open=False), WORKS, LIST, Idle.CLOSED),
        (structs.replace(RUNS, running=False), WORKS, LIST, Idle.PAUSED),
        (RUNS, replace(WORKS, ringing=1), LIST, None),
        (RUNS, replace(WORKS, waiting=1, reserved=0), LIST, None),
        (RUNS, Figures(), Progress(), Idle.EMPTY),
        (RUNS, Figures(), Progress(total=9, done={DialResult.CONNECTED: 9}), Idle.FINISHED),
        (RUNS, Figures(), Progress(total=9, new=2, barred=2), Idle.BARRED),
        (RUNS, Figures(), Progress(total=9, new=2, outside_hours=2), Idle.OUTSIDE_HOURS),
        (RUNS, Figures(), Progress(total=9, retry=2, next_ms=NOW), Idle.NONE_DUE),
        (RUNS, Figures(), LIST, None),
        (RUNS, replace(WORKS, reserved=0, connected=0), LIST, Idle.NO_AGENTS),
        (RUNS, replace(WORKS, reserved=0), LIST, Idle.AGENTS_BUSY),
        (RUNS, WORKS, LIST, Idle.CAP),
        (PREVIEW, Figures(in_line=5), LIST, Idle.NO_AGENTS),
        (PREVIEW, Figures(in_line=5, agents=2, talking=2), LIST, Idle.AGENTS_BUSY),
        (PREVIEW, Figures(in_line=5, agents=2), LIST, None),
    ],
)
def test_the_reason_is_told(known: Campaign, stands: Figures, progress: Progress, why: Idle | None) -> None:
    assert idle(known, stands, progress) is why


def test_what_is_away_goes_before_what_is_lacking() -> None:
    assert idle(RUNS, Figures(), switch=True) is Idle.NO_SWITCH
    assert idle(RUNS, Figures(), Progress(), database=True) is Idle.NO_DATABASE
    assert idle(RUNS, WORKS, database=True) is Idle.CAP, "those in line can be dialled without the database"


def dialled(at_ms: int) -> facts.LeadDialled:
    return facts.LeadDialled(
        dial_id=DialId(f"d{at_ms}"),
        campaign_id=SPRING,
        lead=Lead(lead_id=LeadId("l1")),
        leg_id=LegId("x"),
        node=NodeId("n1"),
        at_ms=at_ms,
        until_ms=at_ms,
        window=1,
    )


def ended(at_ms: int, result: DialResult, *, next_ms: int | None = None) -> facts.AttemptEnded:
    return facts.AttemptEnded(
        campaign_id=SPRING,
        lead_id=LeadId("l1"),
        dial_id=DialId("d1"),
        result=result,
        attempts=1,
        at_ms=at_ms,
        next_ms=next_ms,
    )


def test_the_pace_is_that_of_the_last_minutes() -> None:
    pace = Pace()
    for second in range(120):
        pace.note(dialled(NOW + second * 1000))
        pace.note(ended(NOW + second * 1000, DialResult.CONNECTED if second % 4 == 0 else DialResult.BUSY))
    now = NOW + 120_000
    assert pace.dials_a_minute(SPRING, now) == 60
    assert pace.answer_rate(SPRING, now) == 0.25
    assert pace.ends_ms(SPRING, now, left=120) == now + 120_000
    assert pace.dials_a_minute(SPRING, now + 10 * 60_000) == 0
    assert pace.answer_rate(SPRING, now + 10 * 60_000) is None


def test_a_lead_that_is_tried_again_brings_the_end_no_nearer() -> None:
    pace = Pace()
    pace.note(ended(NOW, DialResult.BUSY, next_ms=NOW + 1))
    assert pace.ends_ms(SPRING, NOW, left=5) is None
    assert pace.dials_a_minute(SPRING, NOW) == 0
