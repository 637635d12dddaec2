"""What the facts of `cti.domain.facts.setup` change in the tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.capacity import ONE_AT_A_TIME, interned
from cti.domain.events import Step
from cti.domain.facts import AgentConfigured, Fact, HoursConfigured, QueueConfigured
from cti.domain.queue import Queue

if TYPE_CHECKING:
    from cti.domain.state import State


def _queue_configured(state: "State", fact: QueueConfigured) -> None:
    known = state.queues.get(fact.rules.queue_id)
    state.set_queue(fact.rules.queue_id, Queue(rules=fact.rules, open=fact.open))
    if known is None or known.rules.steps == fact.rules.steps:
        return
    for contact in list(state.contacts.values()):
        if contact.queue_id == fact.rules.queue_id and contact.steps_taken:
            taken = _carried_over(contact.steps_taken, known.rules.steps, fact.rules.steps)
            state.put_contact(replace(contact, steps_taken=taken))


def _carried_over(taken: int, before: tuple[Step, ...], after: tuple[Step, ...]) -> int:
    """The steps taken, wherever they stand now; one that is gone has no effect any more."""
    left = [step for at, step in enumerate(before) if taken >> at & 1]
    found = 0
    for at, step in enumerate(after):
        if step in left:
            left.remove(step)
            found |= 1 << at
    return found


def _agent_configured(state: "State", fact: AgentConfigured) -> None:
    agent = state.agents.get(fact.agent_id) or Agent(id=fact.agent_id)
    state.put_agent(
        replace(
            agent,
            project_ids=fact.project_ids,
            skills=fact.skills,
            removed=fact.removed,
            site_id=fact.site_id,
            capacity=ONE_AT_A_TIME if fact.capacity is None else interned(fact.capacity),
        )
    )


def _hours_configured(state: "State", fact: HoursConfigured) -> None:
    state.set_hours(fact.hours)


FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    QueueConfigured: _queue_configured,
    AgentConfigured: _agent_configured,
    HoursConfigured: _hours_configured,
}
