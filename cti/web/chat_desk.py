"""Chats on agents' pages: what is said and how they stand, pushed to whoever has one in his hands or watches it.

A `ports.chat.ChatListener` for all chats. Not here: a chat whole, and what agents do (`chat_routes`).
"""

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel

from cti.domain.ids import AgentId, ContactId
from cti.ports import Person, Role
from cti.ports.chat import Side, Standing
from cti.ports.media import Direction, Message, Sending
from cti.web.chat_messages import ChatLine, ChatLineSaid, ChatStands, ChatTyping
from cti.web.page import Page
from cti.web.presence import Presence
from cti.web.roster import Roster

SIDES: Final[dict[Direction, Literal["visitor", "agent", "note"]]] = {
    Direction.IN: "visitor",
    Direction.OUT: "agent",
    Direction.SYSTEM: "note",
}


class ChatDesk:
    """Pushes; all calls on the loop."""

    def __init__(self, *, presence: Presence, roster: Roster) -> None:
        self._presence = presence
        self._roster = roster

    def said(self, message: Message) -> None:
        """See `ports.chat.ChatListener`."""
        line = line_view(message, self._roster)
        self._push(message.contact_id, ChatLineSaid(contact_id=message.contact_id, line=line))

    def stands(self, contact_id: ContactId, standing: Standing) -> None:
        """See `ports.chat.ChatListener`."""
        change = ChatStands(
            contact_id=contact_id,
            phase=standing.phase,
            presence=standing.presence,
            rating=standing.rating,
            first_response_ms=standing.first_response_ms,
        )
        self._push(contact_id, change)

    def typing(self, contact_id: ContactId, side: Side) -> None:
        """See `ports.chat.ChatListener`."""
        self._push(contact_id, ChatTyping(contact_id=contact_id, side=side))

    def may_watch(self, person: Person, contact_id: ContactId) -> bool:
        """Whether he may follow a live chat that is not in his hands: a supervisor of its project."""
        contact = self._presence.engine.state.contacts.get(contact_id)
        return (
            contact is not None
            and person.role is not Role.AGENT
            and contact.project_id in self._roster.projects(person)
        )

    def _push(self, contact_id: ContactId, change: BaseModel) -> None:
        if not self._presence.is_open:
            return  # chats are taken up before the first page can be there
        encoded = None
        now = self._presence.engine.now()
        for page in self._pages(contact_id):
            encoded = encoded or change.model_dump_json()
            page.put(encoded, now)

    def _pages(self, contact_id: ContactId) -> Iterable[Page]:
        state = self._presence.engine.state
        contact = state.contacts.get(contact_id)
        assignment = state.assignments.get(contact.assignment_id) if contact and contact.assignment_id else None
        his = self._presence.of(assignment.agent_id) if assignment is not None else ()
        watching = [page for page in self._presence.pages() if page.watching == contact_id and page not in his]
        return [*his, *watching]


def line_view(message: Message, roster: Roster) -> ChatLine:
    """One message as agents see it."""
    text, agent_id = note_of(message) if message.direction is Direction.SYSTEM else (message.text, message.agent_id)
    own = f"chat:{message.contact_id}:{message.agent_id}:"
    return ChatLine(
        id=message.message_id,
        at_ms=message.at_ms,
        side=SIDES[message.direction],
        text=text,
        agent=roster.name(agent_id),
        client_id=message.key.removeprefix(own) if message.key.startswith(own) else None,
        delivered=message.sending is Sending.SENT,
    )


def note_of(message: Message) -> tuple[str, AgentId | None]:
    """What the centre notes, and of which agent."""
    note, _, agent_id = message.text.partition(":")
    return note, AgentId(agent_id) if agent_id else None
