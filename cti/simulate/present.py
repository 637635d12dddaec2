"""What the simulated world keeps of those in it: customers who are there, agents, and the work that is under way.

Records only; `cti.simulate.world` moves them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cti.domain.ids import AgentId, AssignmentId, ContactId, LegId, Medium, Milliseconds
from cti.simulate.customers import Customer
from cti.simulate.scenario import Agents

Act = Callable[[Any], None]


@dataclass(slots=True)
class Guest:
    """A customer who is there."""

    customer: Customer
    leg_id: LegId | None
    contact_id: ContactId
    medium: Medium
    answered: bool = False
    """Also once he is promised a callback: he does not leave any more."""


@dataclass(slots=True)
class Member:
    """An agent."""

    agent_id: AgentId
    group: Agents
    on_duty: bool = False
    on_break: bool = False
    phone: bool = False


@dataclass(slots=True)
class Work:
    """An assignment that is not over, and the clock of its present phase."""

    assignment_id: AssignmentId
    guest: Guest
    member: Member
    due_ms: Milliseconds | None = None
    """When the phase ends; None while it stands still."""
    left_ms: Milliseconds | None = None
    """How much is left of it while it is paused."""
    act: Act | None = None
    """What ends it."""
