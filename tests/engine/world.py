"""A small centre for the engine's tests: a real `Acd` with two agents and a queue, and ports kept in memory."""

from collections.abc import AsyncIterator, Sequence

from cti.domain.acd import Acd, Decision
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    ContactArrived,
    Event,
    LegAnswered,
    PhoneReachable,
    QueueOpened,
)
from cti.domain.facts import AgentRung, ContactQueued
from cti.domain.ids import AgentId, ContactId, Device, LegId, Medium, Milliseconds, NodeId, ProjectId, QueueId
from cti.errors import OutsideError
from cti.ports import CallerEntered, Entry, Particulars

NODE = NodeId("n1")
QUEUE = QueueId("support")
PROJECT = ProjectId("telecom")
START_MS = 1_700_000_000_000


class Centre:
    """Drives an `Acd` by hand, with a clock that the test turns."""

    def __init__(self, *, agents: int = 2) -> None:
        self.acd = Acd()
        self.now = START_MS
        self.entries: list[Entry] = []
        self.do(QueueOpened(queue_id=QUEUE, project_id=PROJECT))
        for number in range(1, agents + 1):
            self.agent(AgentId(f"u{number}"))

    def do(self, event: Event) -> Decision:
        decision = self.acd.handle(event, self.now)
        self.entries.append(
            Entry(number=decision.number, at_ms=self.now, event=event, facts=decision.facts, refused=None)
        )
        return decision

    def agent(self, agent_id: AgentId) -> None:
        self.do(AgentEnrolled(agent_id=agent_id, project_ids=(PROJECT,)))
        self.do(AgentSignedIn(agent_id=agent_id, device=Device.SIP))
        self.do(PhoneReachable(agent_id=agent_id, device=Device.SIP))
        self.do(AgentBecameReady(agent_id=agent_id))

    def call(self, leg: str) -> ContactId:
        decision = self.do(arrival(leg, self.now))
        return next(fact.contact_id for fact in decision.facts if isinstance(fact, ContactQueued))

    def answer(self, contact_id: ContactId) -> LegId:
        """The agent who was rung for the contact picks up; his leg."""
        assignment = self.acd.state.assignments[self.acd.state.contacts[contact_id].assignment_id or ""]  # type: ignore[index]  # an unknown key fails the test
        assert assignment.leg_id is not None
        self.do(LegAnswered(assignment_id=assignment.id, leg_id=assignment.leg_id))
        return assignment.leg_id


def arrival(leg: str, at_ms: Milliseconds) -> ContactArrived:
    return ContactArrived(medium=Medium.VOICE, queue_id=QUEUE, arrived_ms=at_ms, leg_id=LegId(leg), node=NODE)


def caller(leg: str, *, number: str = "+79165550001") -> CallerEntered:
    return CallerEntered(
        leg_id=LegId(leg),
        node=NODE,
        arrived_ms=START_MS,
        number=number,
        name="Anna",
        dialled="+78005550102",
        queue_id=QUEUE,
        language="en",
        path="",
        account="",
        returned="",
    )


def rung(decision: Decision) -> LegId:
    return next(fact.leg_id for fact in decision.facts if isinstance(fact, AgentRung))


class MemoryJournal:
    """`ports.Journal` without a disk; `failing` makes it refuse to promise."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.written = list(entries)
        self.snapshot: tuple[int, bytes] | None = None
        self.failing = False

    @property
    def last_number(self) -> int:
        return self.written[-1].number if self.written else 0

    def append(self, entry: Entry) -> None:
        assert entry.number == self.last_number + 1
        self.written.append(entry)

    async def flushed(self, number: int) -> None:
        assert number <= self.last_number
        if self.failing:
            raise OutsideError("The disk is full.")

    async def entries(self, *, after: int) -> AsyncIterator[Entry]:
        for entry in list(self.written):
            if entry.number > after:
                yield entry

    async def save_snapshot(self, number: int, state: bytes) -> None:
        self.snapshot = (number, state)

    async def latest_snapshot(self) -> tuple[int, bytes] | None:
        return self.snapshot


class MemoryKeeper:
    """`ports.Particular` in a dict."""

    def __init__(self) -> None:
        self.kept: dict[ContactId, Particulars] = {}

    def keep(self, particulars: Sequence[Particulars]) -> None:
        self.kept.update({one.contact_id: one for one in particulars})

    async def durable(self) -> None:
        pass

    async def recall(self, contact_ids: Sequence[ContactId]) -> dict[ContactId, Particulars]:
        return {contact_id: self.kept[contact_id] for contact_id in contact_ids if contact_id in self.kept}
