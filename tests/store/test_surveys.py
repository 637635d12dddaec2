"""Answers of callers: from the IVR's files into the tables, each once; and what is counted of them."""

from pathlib import Path

from cti import surveys
from cti.database import Database
from cti.domain.ids import AgentId, ContactId, ProjectId, QueueId
from cti.ports.surveys import Answered, Asked, Given
from cti.store.surveys import StoredSurveys
from cti.surveys import Answers

TELECOM = ProjectId("telecom")
DAY_MS = 86_400_000


def answers(contact: str, *, over: bool = True, agent: str = "u1", at_ms: int = 1_000, **given: int) -> Answers:
    return Answers(
        contact_id=ContactId(contact),
        agent_id=AgentId(agent),
        queue_id=QueueId("support"),
        at_ms=at_ms,
        given=given,
        over=over,
    )


async def take(stored: StoredSurveys, folder: Path, seen: dict[Path, float]) -> None:
    await stored.take(folder, project_of=lambda _: TELECOM, seen=seen)


async def test_answers_are_there_as_they_are_given_and_the_file_goes_at_the_end(
    database: Database, tmp_path: Path
) -> None:
    stored, seen = StoredSurveys(database), dict[Path, float]()
    surveys.write(tmp_path, answers("c1", over=False, quality=4))
    await take(stored, tmp_path, seen)
    assert await stored.of_contact(ContactId("c1")) == [Given(question="quality", value=4)]
    surveys.write(tmp_path, answers("c1", quality=4, again=2))
    for _ in range(2):  # an engine that dies before it removes the file finds it again
        await take(stored, tmp_path, dict[Path, float]())
    found = await stored.of_contact(ContactId("c1"))
    assert [(one.question, one.value) for one in found] == [("quality", 4), ("again", 2)]
    assert list(surveys.left(tmp_path)) == []


async def test_results_are_of_the_projects_and_the_span_alone(database: Database, tmp_path: Path) -> None:
    stored = StoredSurveys(database)
    for number, at_ms in enumerate((0, DAY_MS - 1, DAY_MS), start=1):
        surveys.write(tmp_path, answers(f"c{number}", at_ms=at_ms, quality=number))
    await take(stored, tmp_path, {})
    found = await stored.asked([TELECOM], since_ms=0, until_ms=DAY_MS)
    assert [one.given.value for one in found if one.given is not None] == [2, 1]
    assert await stored.asked([ProjectId("clinic")], since_ms=0, until_ms=DAY_MS) == []
    assert await stored.projects() == [TELECOM]


def asked(contact: str, agent: str, value: int | None) -> Asked:
    given = None if value is None else Given(question="quality", value=value)
    return Asked(
        contact_id=ContactId(contact), queue_id=QueueId("support"), agent_id=AgentId(agent), at_ms=0, given=given
    )


def test_who_answered_nothing_counts_as_asked_only() -> None:
    told = [asked("c1", "u1", 5), asked("c2", "u1", 2), asked("c3", "u1", None), asked("c4", "u2", None)]
    assert surveys.counted(told, key=lambda one: one.agent_id) == [
        Answered(key="u1", question="quality", asked=3, count=2, mean=3.5),
        Answered(key="u2", question="", asked=1, count=0, mean=None),
    ]
