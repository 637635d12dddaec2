"""The cost of an event hardly grows with what waits or who works: measured as a ratio of the same run."""

import time

import pytest

from cti.domain.acd import Acd
from cti.domain.events import (
    AgentBecameReady,
    AgentEnrolled,
    AgentSignedIn,
    ContactArrived,
    DesktopConnected,
    LegAnswered,
    LegEnded,
    PhoneReachable,
    PopShown,
    QueueOpened,
    WrapUpFinished,
)
from cti.domain.ids import AgentId, Device, DispositionId, LegCause, LegId, Medium, ProjectId, QueueId
from cti.testing import NODE, START_MS, levels

QUEUES = [QueueId(f"q{number}") for number in range(8)]
CALLS = 400


class Floor:
    """A busy centre: so many agents, so many callers who wait behind them."""

    def __init__(self, *, agents: int, waiting: int) -> None:
        self.acd = Acd()
        self.now = START_MS
        self.calls = 0
        project = ProjectId("p")
        for number, queue_id in enumerate(QUEUES):
            opened = QueueOpened(queue_id=queue_id, project_id=project, requirements=levels({f"s{number % 4}": 1}))
            self.acd.handle(opened, self.now)
        for number in range(agents):
            agent_id = AgentId(f"u{number}")
            skills = levels({f"s{skill}": 1 + (number + skill) % 9 for skill in range(4)})
            self.acd.handle(AgentEnrolled(agent_id=agent_id, project_ids=(project,), skills=skills), self.now)
            self.acd.handle(AgentSignedIn(agent_id=agent_id, device=Device.SIP), self.now)
            self.acd.handle(PhoneReachable(agent_id=agent_id, device=Device.SIP), self.now)
            self.acd.handle(DesktopConnected(agent_id=agent_id), self.now)
        for _ in range(agents + waiting):
            self.arrive()
        for number in range(agents):
            self.acd.handle(AgentBecameReady(agent_id=AgentId(f"u{number}")), self.now)

    def arrive(self) -> None:
        self.now += 1
        self.calls += 1
        self.acd.handle(
            ContactArrived(
                medium=Medium.VOICE,
                queue_id=QUEUES[self.calls % len(QUEUES)],
                arrived_ms=self.now,
                leg_id=LegId(f"leg{self.calls}"),
                node=NODE,
            ),
            self.now,
        )

    def serve(self) -> None:
        """One caller comes, the oldest offer is answered, talked through and closed, and the next is offered."""
        self.arrive()
        assignment_id, held = next(iter(self.acd.state.assignments.items()))
        caller = self.acd.state.contacts[held.contact_id].leg_id
        assert caller is not None
        self.acd.handle(PopShown(assignment_id=assignment_id), self.now)
        self.acd.handle(
            LegAnswered(assignment_id=assignment_id, leg_id=LegId(f"leg-{assignment_id}-1"), node=NODE), self.now
        )
        self.acd.handle(LegEnded(leg_id=caller, cause=LegCause.NORMAL), self.now)
        closed = WrapUpFinished(assignment_id=assignment_id, disposition=DispositionId("solved"))
        self.acd.handle(closed, self.now)


def cost_ratio(small: Floor, large: Floor) -> float:
    """CPU for the same calls on both, interleaved."""
    spent = {id(small): 0.0, id(large): 0.0}
    for _ in range(8):
        for floor in (small, large):
            start = time.process_time()
            for _ in range(CALLS // 8):
                floor.serve()
            spent[id(floor)] += time.process_time() - start
    return spent[id(large)] / spent[id(small)]


@pytest.mark.bench
def test_fifty_times_as_many_waiting_cost_an_event_no_double() -> None:
    assert cost_ratio(Floor(agents=100, waiting=100), Floor(agents=100, waiting=5_000)) < 2


@pytest.mark.bench
def test_twenty_times_as_many_agents_cost_an_event_no_double() -> None:
    assert cost_ratio(Floor(agents=50, waiting=200), Floor(agents=1_000, waiting=200)) < 2
