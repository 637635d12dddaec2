"""One event being decided: the facts and commands so far, and the state with those facts already folded in.

Made by `Acd.handle`, passed through every rule. A rule reads `state`, records facts and asks for commands; it keeps
nothing.
"""

from cti.domain.commands import Command, StartTimer, StopTimer
from cti.domain.facts import Fact
from cti.domain.ids import AgentId, AssignmentId, ContactId, Milliseconds, TimerId, TimerKind
from cti.domain.state import State


class Turn:
    """The decision in the making."""

    __slots__ = ("commands", "departed", "facts", "now", "number", "offers", "state", "waiting")

    def __init__(self, state: State, *, number: int, now: Milliseconds) -> None:
        self.state = state
        self.number = number
        self.now = now
        self.facts: list[Fact] = []
        self.commands: list[Command] = []
        self.offers = 0
        self.waiting: list[ContactId] = []
        """Contacts that this event made wait, or wait again; some have found an agent since."""
        self.departed: list[AgentId] = []
        """Agents who began or ceased to take contacts by this event."""

    def record(self, fact: Fact) -> None:
        """Decide this: it is folded at once. Raises `IllegalTransition`."""
        self.state.apply(fact)
        self.facts.append(fact)

    def do(self, command: Command) -> None:
        """Have this done once the event is decided."""
        self.commands.append(command)

    def start(self, kind: TimerKind, owner: str, *, at_ms: Milliseconds) -> None:
        """Set the timer of that kind."""
        self.commands.append(StartTimer(timer_id=timer_id(kind, owner), at_ms=at_ms))

    def stop(self, kind: TimerKind, owner: str) -> None:
        """Forget the timer of that kind."""
        self.commands.append(StopTimer(timer_id=timer_id(kind, owner)))

    def contact_of(self, assignment_id: AssignmentId) -> ContactId | None:
        """The contact of a live assignment."""
        assignment = self.state.assignments.get(assignment_id)
        return None if assignment is None else assignment.contact_id

    def new_assignment_id(self) -> AssignmentId:
        """The next one this event may give out.

        None is the beginning of another of the same event: legs are named by it, and Asterisk makes no channel whose id
        is the beginning of a live one's.
        """
        place = f"{self.offers}-" if self.offers else ""
        self.offers += 1
        return AssignmentId(f"a{place}{self.number}")


def timer_id(kind: TimerKind, owner: str) -> TimerId:
    """A timer's id from what it is for and whose it is."""
    return TimerId(kind + ":" + owner)
