"""Who works here, as the directory has it: the agents that the ACD has still to hear of, their phones and lines.

In memory only; the engine posts the events, and has the switches make and take away the lines.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cti import variables
from cti.domain.agent import Agent
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.events import AgentEnrolled, AgentRemoved
from cti.domain.ids import AgentId, Device
from cti.domain.state import State
from cti.ports import Person, Phone


class Lines:
    """Which agent an endpoint belongs to."""

    def __init__(self) -> None:
        self._agent_by_extension: dict[str, AgentId] = {}

    def assign(self, people: Iterable[Person]) -> None:
        """Replace all by these."""
        self._agent_by_extension = {p.extension: p.agent_id for p in people if p.extension and p.active}

    def owner(self, endpoint: str) -> tuple[AgentId, Device] | None:
        """The agent and which of his devices it is; None for a trunk, or an extension that is nobody's."""
        if not endpoint.startswith(variables.AGENT_ENDPOINT_PREFIX):
            return None
        extension = endpoint.removeprefix(variables.AGENT_ENDPOINT_PREFIX)
        device = Device.SIP
        for suffix, named in (
            (variables.WEB_ENDPOINT_SUFFIX, Device.WEB),
            (variables.SEAT_ENDPOINT_SUFFIX, Device.DESK),
        ):
            if extension.endswith(suffix):
                extension, device = extension.removesuffix(suffix), named
        agent_id = self._agent_by_extension.get(extension)
        return (agent_id, device) if agent_id is not None else None


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

    def phones(self) -> Iterator[Phone]:
        """Of everyone, each as it is when it is asked for: lines are made one after another while people change."""
        for extension in tuple(self._phones):
            phone = self._phones.get(extension)
            if phone is not None:
                yield phone

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
            if not is_enrolled_so(state.agents.get(event.agent_id), event):
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
        return event if not is_enrolled_so(known, event) else None


def enrolled(person: Person) -> AgentEnrolled:
    """The person as an agent, where no capacity profiles are defined: one contact at a time."""
    return AgentEnrolled(
        agent_id=person.agent_id, project_ids=person.project_ids, skills=person.skills, site_id=person.site_id
    )


def is_enrolled_so(agent: Agent | None, event: AgentEnrolled) -> bool:
    """Whether the event would change nothing."""
    if agent is None or agent.removed:
        return False
    known = (agent.project_ids, agent.skills, agent.site_id, agent.capacity)
    return known == (event.project_ids, event.skills, event.site_id, event.capacity or ONE_AT_A_TIME)


def _is_agent(person: Person) -> bool:
    return bool(person.active and person.extension)
