"""What a customer's standing is worth in a queue: his tier, and the agents who should have him.

Pure. `cti.rules` makes one `Regard` of the centre file for each queue that needs to know; the engine applies it to what
`ports.Customers.standing` told of whoever arrives there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import structs

from cti.domain.events import ContactArrived, QueueOpened
from cti.domain.ids import AgentId, Milliseconds, QueueId
from cti.domain.requirement import parse

if TYPE_CHECKING:
    from cti.ports import Standing


class Preferred(StrEnum):
    """Who may be asked first for a customer."""

    LAST_AGENT = "last_agent"
    """Who had this customer's last contact with the project, of late."""
    MANAGER = "manager"
    """The customer's relationship manager."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regard:
    """What counts in one queue."""

    prefer: tuple[tuple[Preferred, Milliseconds], ...] = ()
    """Who is asked first, in this order, and for how long a contact is kept for him while he is busy."""
    levels: Mapping[str, int]
    """By `tier_key`, 1-10."""

    def applied(self, event: ContactArrived, standing: "Standing") -> ContactArrived:
        """The arrival with the customer's tier and the agents who should have him, each once, kept for the longest."""
        held: dict[AgentId, Milliseconds] = {}
        for preferred, hold_ms in self.prefer:
            agent_id = standing.manager if preferred is Preferred.MANAGER else standing.last_agent
            if agent_id is not None:
                held[agent_id] = max(hold_ms, held.get(agent_id, 0))
        return structs.replace(
            event,
            tier=self.levels.get(tier_key(standing.tier), 0),
            preferred=tuple(held),
            hold_for_ms=tuple(held.values()) if any(held.values()) else (),
        )


def tier_key(written: str) -> str:
    """What is compared of a tier's name: neither case nor spaces around it count."""
    return written.strip().casefold()


def asking_for_tier(queues: Iterable[QueueOpened]) -> frozenset[QueueId]:
    """The queues in which, or in one that they lead on to, it matters of which tier a customer is."""
    by_id = {rules.queue_id: rules for rules in queues}
    following = {rules.queue_id: _following(rules) for rules in by_id.values()}
    found = {rules.queue_id for rules in by_id.values() if _speaks_of_tier(rules)}
    grown = True
    while grown:
        more = {queue_id for queue_id, ahead in following.items() if ahead & found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


def _following(rules: QueueOpened) -> frozenset[QueueId]:
    """Where a contact of this queue may go on, with the tier that it has."""
    ahead = (*(step.to_queue for step in rules.steps), rules.lost_to)
    return frozenset(queue_id for queue_id in ahead if queue_id is not None)


def _speaks_of_tier(rules: QueueOpened) -> bool:
    texts = (rules.condition, *(step.add for step in rules.steps))
    return rules.tier_credit_ms > 0 or any(parse(text).uses_tier for text in texts)
