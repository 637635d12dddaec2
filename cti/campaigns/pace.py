"""How fast each campaign goes: dials, ends and answers of the last minutes, counted from facts.

In memory only; after a start it counts anew. Fed by `cti.campaigns.desk`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cti.domain import facts
from cti.domain.facts import Fact
from cti.domain.ids import CampaignId, DialResult, Milliseconds

SPAN_MS: Final[Milliseconds] = 5 * 60_000
_LEAST_MS: Final[Milliseconds] = 60_000
"""A shorter time tells no pace."""
_MINUTE_MS: Final = 60_000
_ANSWERS: Final = (DialResult.CONNECTED, DialResult.ABANDONED)


@dataclass(slots=True)
class _Lately:
    """Instants of the last minutes."""

    since_ms: Milliseconds
    """When the first was noted."""
    dialled: deque[Milliseconds] = field(default_factory=deque)
    ended: deque[Milliseconds] = field(default_factory=deque)
    answered: deque[Milliseconds] = field(default_factory=deque)
    finished: deque[Milliseconds] = field(default_factory=deque)
    """Ends after which the lead is not tried again."""

    def drop_before(self, at_ms: Milliseconds) -> None:
        for each in (self.dialled, self.ended, self.answered, self.finished):
            while each and each[0] < at_ms:
                each.popleft()

    def a_minute(self, instants: Sequence[Milliseconds], now: Milliseconds) -> float:
        self.drop_before(now - SPAN_MS)
        span_ms = min(SPAN_MS, max(_LEAST_MS, now - self.since_ms))
        return len(instants) * _MINUTE_MS / span_ms


class Pace:
    """Of every campaign."""

    def __init__(self) -> None:
        self._lately: dict[CampaignId, _Lately] = {}

    def note(self, fact: Fact) -> CampaignId | None:
        """Count the fact; whose campaign's it is, None when it is none's."""
        match fact:
            case (
                facts.LeadDialled(campaign_id=campaign_id, at_ms=at_ms)
                | facts.LeadShown(campaign_id=campaign_id, at_ms=at_ms)
            ):
                self._of(campaign_id, at_ms).dialled.append(at_ms)
                return campaign_id
            case facts.AttemptEnded(campaign_id=campaign_id, at_ms=at_ms):
                lately = self._of(campaign_id, at_ms)
                lately.ended.append(at_ms)
                if fact.result in _ANSWERS:
                    lately.answered.append(at_ms)
                if fact.next_ms is None:
                    lately.finished.append(at_ms)
                return campaign_id
            case _:
                return None

    def _of(self, campaign_id: CampaignId, at_ms: Milliseconds) -> _Lately:
        return self._lately.setdefault(campaign_id, _Lately(since_ms=at_ms))

    def dials_a_minute(self, campaign_id: CampaignId, now: Milliseconds) -> float:
        """Numbers dialled, and leads shown, a minute."""
        found = self._lately.get(campaign_id)
        return 0.0 if found is None else found.a_minute(found.dialled, now)

    def answer_rate(self, campaign_id: CampaignId, now: Milliseconds) -> float | None:
        """Humans of all attempts that ended; None when none did."""
        found = self._lately.get(campaign_id)
        if found is None:
            return None
        found.drop_before(now - SPAN_MS)
        return len(found.answered) / len(found.ended) if found.ended else None

    def ends_ms(self, campaign_id: CampaignId, now: Milliseconds, *, left: int) -> Milliseconds | None:
        """When so many leads would be finished at this pace; None when none was lately."""
        found = self._lately.get(campaign_id)
        pace = 0.0 if found is None else found.a_minute(found.finished, now)
        return None if pace <= 0 else now + round(left / pace * _MINUTE_MS)
