"""What callers answered after their talks: of one contact, and the results by queue, agent or day.

Supervisors see the results of their projects; whoever may see a contact sees what its caller answered.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from cti import surveys
from cti.domain.ids import AgentId, ContactId, QueueId
from cti.ports import Person
from cti.ports.surveys import Asked, Surveys
from cti.web import contact_routes, days
from cti.web.guard import Anyone, AnyParts, Parts, Supervisor
from cti.web.problems import Refusal, responses
from cti.web.record import Message

router = APIRouter(prefix="/api/v1", tags=["surveys"], responses=responses(401, 403, 404))

MOST_DAYS = 366
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class By(StrEnum):
    """What results are told by."""

    QUEUE = "queue"
    AGENT = "agent"
    DAY = "day"


class SurveyResult(Message):
    """What came of one question."""

    key: str
    """Of the queue, the agent, or the day (YYYY-MM-DD at the centre's first site)."""
    title: str
    question: str
    """Its key in the centre file; "" when nobody answered anything."""
    asked: int
    """Callers who were asked anything."""
    count: int
    """Those who answered this question."""
    mean: float | None


class SurveyAnswer(Message):
    """One answer of a caller."""

    question: str
    value: int


@router.get("/surveys")
async def results(
    person: Supervisor,
    parts: AnyParts,
    by: By = By.QUEUE,
    since: Day | None = None,
    until: Day | None = None,
) -> list[SurveyResult]:
    """How many answered each question, and the mean, of the asker's projects.

    From the first day to the last one: today, and the thirty days that end with it, if they are left out.
    """
    zone = days.zone(parts.centre)
    last = until or days.of(parts.engine.now(), zone)
    first = since or last - timedelta(days=29)
    if not timedelta() <= last - first <= timedelta(days=MOST_DAYS):
        raise Refusal(422, "survey_span", days=MOST_DAYS)
    found = await _desk(parts).asked(
        sorted(parts.roster.projects(person)),
        since_ms=days.midnight_ms(first, zone),
        until_ms=days.midnight_ms(last + timedelta(days=1), zone),
    )

    def key(one: Asked) -> str:
        if by is By.DAY:
            return days.of(one.at_ms, zone).isoformat()
        return one.queue_id if by is By.QUEUE else one.agent_id

    return [
        SurveyResult(
            key=one.key,
            title=_title(one.key, by, person, parts),
            question=one.question,
            asked=one.asked,
            count=one.count,
            mean=None if one.mean is None else round(one.mean, 2),
        )
        for one in surveys.counted(found, key=key)
    ]


@router.get("/contacts/{contact_id}/survey")
async def of_contact(
    contact_id: Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")], person: Anyone, parts: AnyParts
) -> list[SurveyAnswer]:
    """What the contact's caller answered, in the order in which he was asked."""
    if not await contact_routes.may_read(ContactId(contact_id), person, parts):
        raise Refusal(404, "not_found")
    given = await _desk(parts).of_contact(ContactId(contact_id))
    return [SurveyAnswer(question=one.question, value=one.value) for one in given]


def _desk(parts: Parts) -> Surveys:
    if parts.surveys is None:
        raise Refusal(404, "not_found")
    return parts.surveys


def _title(key: str, by: By, person: Person, parts: Parts) -> str:
    if by is By.QUEUE:
        return parts.screens.queue_name(QueueId(key), person.language)
    return (parts.roster.name(AgentId(key)) or key) if by is By.AGENT else key
