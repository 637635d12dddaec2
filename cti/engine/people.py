"""Who is meant: particulars of the contacts in hand, whose phone an endpoint is, and who is enrolled how.

In memory; kept by ports.

The journal knows only ids; here stands what a pop shows. The engine fills it when a caller enters and forgets it a
while after the contact closed; the database has it for longer.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from cti import variables
from cti.domain.acd import Decision
from cti.domain.agent import Agent
from cti.domain.capacity import ONE_AT_A_TIME
from cti.domain.commands import Apologise, AskCaller, PromiseCallback, SendAway
from cti.domain.contact import Contact
from cti.domain.events import AgentEnrolled
from cti.domain.facts import ContactQueued, PartyInvited
from cti.domain.ids import AgentId, ContactId, Device, LegId, Medium, Milliseconds, ProjectId
from cti.ports import Arrival, CallerEntered, CallerLost, Particulars, Person
from cti.ports.campaigns import Callee

Farewell = PromiseCallback | SendAway | AskCaller | Apologise
"""What lets a caller's or a callee's leg go on without us."""

REMEMBER_MS: Final = 10 * 60_000
"""How long after its close a contact's particulars stay at hand."""
PATH_LIMIT: Final = 512
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


def keyed(secret: bytes) -> Callable[[ProjectId, str], str]:
    """What stands for an address in the journal (`ContactArrived.address_key`): by it alone nobody is found again.

    Without the secret the numbers that there are could all be tried.
    """

    def key(project_id: ProjectId, address: str) -> str:
        if not address:
            return ""
        text = f"{project_id}\0{address}".encode()
        return hashlib.blake2b(text, key=secret[:64], digest_size=12, person=b"address").hexdigest()

    return key


class InHand:
    """Particulars by contact, and the legs that have ended."""

    def __init__(self) -> None:
        self._particulars: dict[ContactId, Particulars] = {}
        self._closed: deque[tuple[Milliseconds, ContactId]] = deque()
        self._legs: dict[ContactId, LegId] = {}
        self._ended: dict[LegId, Farewell | None] = {}
        self._by_address: dict[tuple[ProjectId, str], dict[ContactId, None]] = {}

    def __contains__(self, contact_id: ContactId) -> bool:
        return contact_id in self._particulars

    def put(self, particulars: Particulars) -> None:
        """Know this of the contact from now on."""
        self._forget(particulars.contact_id)
        self._particulars[particulars.contact_id] = particulars
        if particulars.address:
            key = (particulars.project_id, particulars.address)
            self._by_address.setdefault(key, {})[particulars.contact_id] = None

    def _forget(self, contact_id: ContactId) -> None:
        known = self._particulars.pop(contact_id, None)
        if known is None or not known.address:
            return
        key = (known.project_id, known.address)
        others = self._by_address[key]
        del others[contact_id]
        if not others:
            del self._by_address[key]

    def of_address(self, project_id: ProjectId, address: str) -> tuple[ContactId, ...]:
        """The contacts at hand of this number or address, the first known first; those closed lately are among them."""
        return tuple(self._by_address.get((project_id, address), ()))

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
            self._forget(self._closed.popleft()[1])

    def parted(self, contact_id: ContactId) -> None:
        """The contact goes on without its caller's leg."""
        leg_id = self._legs.pop(contact_id, None)
        if leg_id is not None:
            self.ended(leg_id)

    def said_farewell(self, command: Farewell) -> None:
        """This caller's leg was sent out of the ACD by this command."""
        self._ended[command.leg_id] = command

    def ended(self, leg_id: LegId) -> None:
        """This caller's leg belongs to a contact that is closed, or goes on without it."""
        self._ended.setdefault(leg_id)
        if len(self._ended) > ENDED_LEGS:
            del self._ended[next(iter(self._ended))]

    @property
    def ended_legs(self) -> frozenset[LegId]:
        """Callers' legs of contacts closed not long ago, or that go on without them."""
        return frozenset(self._ended)

    def farewell(self, leg_id: LegId) -> Farewell | None:
        """By what this leg was sent out of the ACD; None for one that was to be hung up."""
        return self._ended.get(leg_id)


def queued(decision: Decision) -> Iterator[ContactQueued]:
    """The contact that the decision let in; none for a leg that was known already."""
    return (fact for fact in decision.facts if isinstance(fact, ContactQueued))


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


def of_arrival(arrival: Arrival, queued: ContactQueued | Contact) -> Particulars:
    """What was given with a contact that has no channel."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
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


def of_party(number: str, invited: PartyInvited, *, known: Particulars | None, project_id: ProjectId) -> Particulars:
    """Of somebody outside who is asked into a talk, under his leg's id: he speaks, for us, the customer's language."""
    return Particulars(
        contact_id=ContactId(invited.leg_id),
        project_id=project_id,
        medium=Medium.VOICE,
        address=number,
        name="",
        dialled="",
        language=known.language if known is not None else "",
        path="",
        account="",
    )


def of_lost(lost: CallerLost, queued: ContactQueued | Contact) -> Particulars:
    """What is known of a caller who reached nobody, as the particulars of the task or callback that was made of it."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=lost.number,
        name=lost.name,
        dialled=lost.dialled,
        language=lost.language,
        path=_with_lost_step(lost.path, lost.why),
        account="",
    )


def of_origin(origin: Particulars, queued: ContactQueued, *, why: variables.Lost) -> Particulars:
    """A contact that was made of another one is about the same person."""
    return replace(
        origin,
        contact_id=queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        path=_with_lost_step(origin.path, why),
    )


def of_callee(callee: Callee, queued: ContactQueued, *, sees: str) -> Particulars:
    """Whom a campaign calls; `sees` is the number that he is called from."""
    return Particulars(
        contact_id=queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=callee.number,
        name=callee.name,
        dialled=sees,
        language=callee.language,
        path="",
        account="",
    )


def why_lost(particulars: Particulars) -> str | None:
    """Why the attempt of which this contact was made came to nothing; None when it was made of none."""
    step, found, why = particulars.path.rpartition(";")[2].partition(":")
    return why if found and step == variables.LOST_STEP else None


def _with_lost_step(path: str, why: variables.Lost) -> str:
    """The way so far and why it ended, within the limit of `cti.variables.PATH`: early steps fall away."""
    steps = [*filter(None, path.split(";")), f"{variables.LOST_STEP}:{why}"]
    while len(";".join(steps)) > PATH_LIMIT:
        del steps[0]
    return ";".join(steps)


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
