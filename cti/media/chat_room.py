"""One live chat: who follows it, how it stands, and whether its visitor is there.

A record that `cti.media.chat` keeps, and what can be told from it and the engine's state alone. Nothing waits here.
"""

import asyncio
from dataclasses import dataclass, field, replace

from cti.domain import expected
from cti.domain.ids import AgentId, AssignmentId, EndedBy, Milliseconds
from cti.domain.state import State
from cti.domain.states import ContactState
from cti.ports.chat import ChatListener, ChatRecord, Phase, Presence, Standing
from cti.ports.media import Message

_BEFORE: dict[ContactState, Phase] = {
    ContactState.WAITING: Phase.WAITING,
    ContactState.OFFERED: Phase.WAITING,
    ContactState.ACTIVE: Phase.ACTIVE,
}


@dataclass(slots=True, eq=False)
class Room:
    """A live chat."""

    record: ChatRecord
    standing: Standing
    listeners: dict[ChatListener, None] = field(default_factory=dict)
    """The visitor's open pages."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Messages are kept and told one after the other, so that their numbers grow."""
    going: asyncio.TimerHandle | None = None
    """The visitor's page is closed: until he is shown as away, then until he has left."""
    gone: bool = False
    """He has been away for a moment at least."""
    left: bool = False
    done: bool = False
    """He said himself that he is."""
    ended_by: EndedBy | None = None
    assignment_id: AssignmentId | None = None
    """The one by which it became active last."""
    agent_id: AgentId | None = None
    undelivered: dict[int, Message] = field(default_factory=dict)
    """What agents wrote and his page has not confirmed, by message id."""

    @property
    def presence(self) -> Presence:
        """Whether the visitor is there."""
        if self.left or self.done:
            return Presence.LEFT
        return Presence.AWAY if self.gone else Presence.HERE

    def stop_going(self) -> None:
        """He is back, or the chat is over: nothing is waited for."""
        if self.going is not None:
            self.going.cancel()
            self.going = None

    def confirmed(self, message_id: int) -> list[Message]:
        """Take out what he has got by now, up to this message."""
        got = [message for number, message in self.undelivered.items() if number <= message_id]
        for message in got:
            del self.undelivered[message.message_id]
        return got


def look(room: Room, state: State, now: Milliseconds) -> Standing:
    """How the chat stands by the engine's state."""
    contact = state.contacts.get(room.record.contact_id)
    phase = Phase.ENDED if contact is None else _BEFORE.get(contact.state, Phase.ENDED)
    standing = Standing(
        phase=phase,
        presence=room.presence,
        first_response_ms=room.record.first_response_ms,
        rating=room.record.rating,
    )
    if contact is None or phase is Phase.ENDED:
        return standing
    if phase is Phase.ACTIVE:
        assignment = state.assignments.get(contact.assignment_id) if contact.assignment_id else None
        return replace(standing, agent_id=assignment.agent_id if assignment else None)
    if contact.state is ContactState.OFFERED:
        return replace(standing, position=1)
    position = state.index.position(contact, now)
    pace = state.paces.get(expected.pace_key(contact))
    wait_ms = expected.estimate_ms(pace, position=position) if expected.may_be_told(pace) else None
    return replace(standing, position=position, expected_wait_ms=wait_ms)


def assignment_of(room: Room, state: State) -> AssignmentId | None:
    """The assignment by which it is in an agent's hands now."""
    contact = state.contacts.get(room.record.contact_id)
    return contact.assignment_id if contact is not None else None
