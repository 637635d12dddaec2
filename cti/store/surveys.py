"""What callers answered after their talks, in its tables: taken in from the IVR's files, and counted.

Ids and digits only: whose answers they were is known by the contact alone. `run` is a supervised task of the engine;
the web and `cti survey` ask for results.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti import surveys
from cti.database import Database
from cti.domain.ids import AgentId, ContactId, Milliseconds, ProjectId, QueueId
from cti.errors import OutsideError
from cti.ports.surveys import Asked, Given
from cti.store import models
from cti.store.upsert import upsert
from cti.surveys import Answers

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
OVER_AFTER_S: Final = 900.0
"""A file that nothing was added to for so long is over: the IVR died meanwhile. Longer than any survey."""
_SURVEYS: Final = models.table(models.SurveyRow)
_ANSWERS: Final = models.table(models.SurveyAnswerRow)
_MOST: Final = 200_000


class StoredSurveys:
    """See `ports.surveys.Surveys`; `run` takes in what the IVR has left."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, folder: Path, *, project_of: Callable[[QueueId], ProjectId | None]) -> None:
        """Take in what lies in the folder, for ever."""
        seen: dict[Path, float] = {}
        while True:
            try:
                await self.take(folder, project_of=project_of, seen=seen)
            except (OutsideError, OSError) as error:
                log.info("answers are taken in later: %s", error, extra={"action": "survey_later"})
            await asyncio.sleep(LOOK_EVERY_S)

    async def take(
        self, folder: Path, *, project_of: Callable[[QueueId], ProjectId | None], seen: dict[Path, float]
    ) -> None:
        """All that lies there now; `seen` are the files as they were before. Raises OutsideError, OSError."""
        for path, answers in await asyncio.to_thread(lambda: list(surveys.left(folder))):
            changed = path.stat().st_mtime
            over = answers.over or time.time() - changed > OVER_AFTER_S
            if seen.get(path) != changed:
                await self._database.write(partial(_keep, answers=answers, project_id=project_of(answers.queue_id)))
            seen[path] = changed
            if over:
                path.unlink(missing_ok=True)
                seen.pop(path, None)

    async def of_contact(self, contact_id: ContactId) -> Sequence[Given]:
        """See `ports.surveys.Surveys`."""
        statement = (
            sa.select(_ANSWERS.c.question, _ANSWERS.c.value)
            .where(_ANSWERS.c.contact_id == contact_id)
            .order_by(_ANSWERS.c.place)
        )
        return await self._database.read(
            lambda connection: [Given(question=row.question, value=row.value) for row in connection.execute(statement)]
        )

    async def projects(self) -> Sequence[ProjectId]:
        """Those that ever asked anybody. Raises DatabaseDown."""
        statement = sa.select(_SURVEYS.c.project_id).distinct()
        return await self._database.read(
            lambda connection: [ProjectId(one) for one in connection.execute(statement).scalars()]
        )

    async def asked(
        self, project_ids: Sequence[ProjectId], *, since_ms: Milliseconds, until_ms: Milliseconds
    ) -> Sequence[Asked]:
        """See `ports.surveys.Surveys`; the newest 200 000 answers."""
        return await self._database.read(
            partial(_asked, project_ids=project_ids, since_ms=since_ms, until_ms=until_ms), within_s=20
        )


def _keep(connection: Connection, *, answers: Answers, project_id: ProjectId | None) -> None:
    row = {
        "contact_id": answers.contact_id,
        "project_id": project_id or "",
        "queue_id": answers.queue_id,
        "agent_id": answers.agent_id,
        "at_ms": answers.at_ms,
    }
    connection.execute(upsert(connection, _SURVEYS, keys=("contact_id",)), [row])
    given = [
        {"contact_id": answers.contact_id, "question": question, "place": place, "value": value}
        for place, (question, value) in enumerate(answers.given.items())
    ]
    if given:
        statement = upsert(connection, _ANSWERS, keys=("contact_id", "question"), updated=("value",))
        connection.execute(statement, given)


def _asked(
    connection: Connection, *, project_ids: Sequence[ProjectId], since_ms: Milliseconds, until_ms: Milliseconds
) -> list[Asked]:
    joined = _SURVEYS.outerjoin(_ANSWERS, _ANSWERS.c.contact_id == _SURVEYS.c.contact_id)
    statement = (
        sa.select(_SURVEYS, _ANSWERS.c.question, _ANSWERS.c.value)
        .select_from(joined)
        .where(_SURVEYS.c.project_id.in_(project_ids), _SURVEYS.c.at_ms >= since_ms, _SURVEYS.c.at_ms < until_ms)
        .order_by(_SURVEYS.c.at_ms.desc(), _ANSWERS.c.place)
        .limit(_MOST)
    )
    return [
        Asked(
            contact_id=ContactId(row.contact_id),
            queue_id=QueueId(row.queue_id),
            agent_id=AgentId(row.agent_id),
            at_ms=row.at_ms,
            given=None if row.question is None else Given(question=row.question, value=row.value),
        )
        for row in connection.execute(statement)
    ]
