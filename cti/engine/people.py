"""Who is meant: particulars of the contacts in hand, whose phone an endpoint is, and who is enrolled how.

In memory; kept by ports.

The journal knows only ids; here stands what a pop shows. The engine fills it when a caller enters and forgets it a
while after the contact closed; the database has it for longer.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from cti import variables
from cti.domain.agent import Agent
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.contact import Contact
from cti.domain.events import AgentEnrolled
from cti.domain.facts import ContactQueued
from cti.domain.ids import AgentId, ContactId, Device, LegId, Milliseconds
from cti.ports import Arrival, CallerEntered, Particulars, Person

REMEMBER_MS: Final = 10 * 60_000
"""How long after its close a contact's particulars stay at hand."""
ENDED_LEGS: Final = 10_000
"""How many callers' legs of closed contacts are remembered: so a hang-up never sent can be told from a new call."""


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


class InHand:
    """Particulars by contact, and the legs that have ended."""

    def __init__(self) -> None:
        self._particulars: dict[ContactId, Particulars] = {}
        self._closed: deque[tuple[Milliseconds, ContactId]] = deque()
        self._legs: dict[ContactId, LegId] = {}
        self._ended: dict[LegId, None] = {}

    def __contains__(self, contact_id: ContactId) -> bool:
        return contact_id in self._particulars

    def put(self, particulars: Particulars) -> None:
        """Know this of the contact from now on."""
        self._particulars[particulars.contact_id] = particulars

    def get(self, contact_id: ContactId) -> Particulars | None:
        """What is known; None when nothing is, or no longer."""
        return self._particulars.get(contact_id)

    def opened(self, contact_id: ContactId, leg_id: LegId | None) -> None:
        """The contact is live, with this caller's leg."""
        if leg_id is not None:
            self._legs[contact_id] = leg_id

    def close(self, contact_id: ContactId, now: Milliseconds) -> None:
        """The contact is closed: forget it in a while, and forget those whose while is over."""
        leg_id = self._legs.pop(contact_id, None)
        if leg_id is not None:
            self.ended(leg_id)
        self._closed.append((now + REMEMBER_MS, contact_id))
        while self._closed and self._closed[0][0] <= now:
            self._particulars.pop(self._closed.popleft()[1], None)

    def ended(self, leg_id: LegId) -> None:
        """This caller's leg belongs to a contact that is closed."""
        self._ended[leg_id] = None
        if len(self._ended) > ENDED_LEGS:
            del self._ended[next(iter(self._ended))]

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """Callers' legs of contacts closed not long ago."""
        return frozenset(self._ended)


def of_caller(caller: CallerEntered, queued: ContactQueued | Contact) -> Particulars:
    """What the switch said of the caller, as the particulars of his contact."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=caller.number,
        name=caller.name,
        dialled=caller.dialled,
        language=caller.language,
        path=caller.path,
        account=caller.account,
    )


def of_arrival(arrival: Arrival, queued: ContactQueued) -> Particulars:
    """What was given with a contact that has no channel."""
    return Particulars(
        contact_id=queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=arrival.address,
        name=arrival.name,
        dialled="",
        language=arrival.language,
        path="",
        account="",
        subject=arrival.subject,
    )


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
        if extension.endswith(variables.WEB_ENDPOINT_SUFFIX):
            extension, device = extension.removesuffix(variables.WEB_ENDPOINT_SUFFIX), Device.WEB
        agent_id = self._agent_by_extension.get(extension)
        return (agent_id, device) if agent_id is not None else None
