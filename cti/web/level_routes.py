"""The service level that queues reached today and lately: whether those who called were answered in time.

Supervisors see the queues of their projects. Who waits now, and how long a newcomer will, is live: `board`.
"""

from typing import Final

from fastapi import APIRouter

from cti.domain.ids import Milliseconds, QueueId
from cti.ports.history import Served
from cti.web import days
from cti.web.guard import AnyParts, Supervisor
from cti.web.problems import responses
from cti.web.record import Message

router = APIRouter(prefix="/api/v1", tags=["queues"], responses=responses(401, 403))

LATELY_MS: Final[Milliseconds] = 30 * 60_000


class Reached(Message):
    """How it went in one span."""

    counted: int
    """Answered, or kept waiting beyond the service level; who left sooner does not count."""
    in_time: int
    percent: int | None
    """In time of those that count, rounded down; None while there are none."""
    abandoned: int


class ServiceLevel(Message):
    """Of one queue."""

    queue_id: str
    within_ms: int
    goal_percent: int
    lately: Reached
    """The last half hour."""
    today: Reached
    """Since midnight at the centre's first site."""


@router.get("/service-levels")
async def service_levels(person: Supervisor, parts: AnyParts) -> list[ServiceLevel]:
    """Of every queue of the asker's projects, in the order of the centre file."""
    projects = parts.roster.projects(person)
    queues = {
        key: queue.rules for key, queue in parts.engine.state.queues.items() if queue.rules.project_id in projects
    }
    targets = {key: rules.service_level_ms for key, rules in queues.items()}
    now_ms = parts.engine.now()
    zone = days.zone(parts.centre)
    midnight_ms = days.midnight_ms(days.of(now_ms, zone), zone)

    async def since(since_ms: Milliseconds) -> dict[QueueId, Served]:
        found = await parts.history.served(sorted(projects), targets, since_ms=since_ms, now_ms=now_ms)
        return {one.queue_id: one for one in found}

    lately, today = await since(now_ms - LATELY_MS), await since(midnight_ms)
    return [
        ServiceLevel(
            queue_id=key,
            within_ms=target_ms,
            goal_percent=parts.centre.queues[key].service_level_percent if key in parts.centre.queues else 100,
            lately=_reached(lately.get(key)),
            today=_reached(today.get(key)),
        )
        for key, target_ms in targets.items()
    ]


def _reached(served: Served | None) -> Reached:
    if served is None:
        return Reached(counted=0, in_time=0, percent=None, abandoned=0)
    percent = served.in_time * 100 // served.counted if served.counted else None
    return Reached(counted=served.counted, in_time=served.in_time, percent=percent, abandoned=served.abandoned)
