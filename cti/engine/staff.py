"""Who works here, as the directory has it: the agents that the ACD has still to hear of, and their phones.

In memory only; the engine posts the events, and has the switches make and take away the lines.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cti.domain.events import AgentEnrolled, AgentRemoved
from cti.domain.state import State
from cti.engine import people
from cti.engine.people import Lines
from cti.ports import Person, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewired:
    """What another directory asks of the switches."""

    gone: Sequence[Phone]
    """Lines that are nobody's any more, or another's."""
    changed: Sequence[Phone]
    """Lines to be made, or made anew."""


class Staff:
    """Everyone in the directory."""

    def __init__(self, enrolled: Callable[[Person], AgentEnrolled]) -> None:
        """`enrolled` says with which skills, site and capacity a person handles contacts."""
        self.enrolled = enrolled
        self.lines = Lines()
        self._persons: tuple[Person, ...] = ()
        self._phones: dict[str, Phone] = {}

    def phones(self) -> Sequence[Phone]:
        """Of everyone."""
        return tuple(self._phones.values())

    def change(self, persons: Sequence[Person], phones: Sequence[Phone]) -> Rewired:
        """These are everyone from now on."""
        before = self._phones
        self._persons = tuple(persons)
        self._phones = {phone.extension: phone for phone in phones}
        self.lines.assign(persons)
        return Rewired(
            gone=[phone for extension, phone in before.items() if self._phones.get(extension) != phone],
            changed=[phone for phone in phones if before.get(phone.extension) != phone],
        )

    def unheard(self, state: State) -> Iterator[AgentEnrolled | AgentRemoved]:
        """What is to be said so that the agents of this state are these people."""
        agents = {person.agent_id: self.enrolled(person) for person in self._persons if _is_agent(person)}
        for event in agents.values():
            if not people.is_enrolled_so(state.agents.get(event.agent_id), event):
                yield event
        for agent_id, agent in state.agents.items():
            if agent_id not in agents and not agent.removed:
                yield AgentRemoved(agent_id=agent_id)

    def unheard_of(self, person: Person, state: State) -> AgentEnrolled | None:
        """The same for one who is enrolled already; None when he is not, or nothing about him is new."""
        known = state.agents.get(person.agent_id)
        if known is None or known.removed or not _is_agent(person):
            return None
        event = self.enrolled(person)
        return event if not people.is_enrolled_so(known, event) else None


def _is_agent(person: Person) -> bool:
    return bool(person.active and person.extension)
