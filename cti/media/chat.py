"""Web chat: a visitor's words to the engine and to an agent, and the agent's back. Implements `ports.chat.Chats`.

Theory of operation. A contact begins with the visitor's first message; its session is the source's own key, so a first
message that is told twice is one contact. Every message is on disk before anybody is told of it, one at a time in each
chat: so their numbers grow, and a page that connects again reads the transcript and misses nothing. What becomes of
the contact is the engine's to decide: `decided` hears of it, and a chat looks at the engine's state anew. After a
restart the live chats are those of the state that stand in the book; their visitors count as gone from then on, until
they come back.

Not here: connections and their limits (`cti.web.chat_visitors`), what pages show (`cti.web.chat_desk`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from cti.config import Centre
from cti.domain import facts as decided_facts
from cti.domain import schedule
from cti.domain.acd import Decision
from cti.domain.events import ContactArrived, ContactCancelled
from cti.domain.facts import Fact
from cti.domain.ids import AgentId, AssignmentId, ContactId, EndedBy, Medium, Milliseconds, ProjectId, QueueId
from cti.domain.state import State
from cti.errors import DatabaseDown, NotFound, OutsideError, RuleError
from cti.media.chat_room import Room, assignment_of, look
from cti.metrics import Metrics
from cti.ports import Arrival, Engine
from cti.ports.chat import (
    ChatBook,
    ChatListener,
    ChatRecord,
    Note,
    Phase,
    Presence,
    Side,
    Standing,
    Visit,
)
from cti.ports.media import Incoming, Message, Messages, Outgoing, Said, Sending

log = logging.getLogger(__name__)

AWAY_SHOWN_S: Final = 3.0
"""How long a visitor is gone before it is shown: a reload of his page is nothing to tell."""
POSITIONS_S: Final = 1.0
"""How often places in the queue are told at most."""
AGAIN_S: Final = 2.0
"""When something could not be written down: how soon it is tried again."""
SUBJECT: Final = 200
"""Most characters of the first message that become the contact's subject."""

_ENDED: Final = Standing(phase=Phase.ENDED, presence=Presence.LEFT)
_MOVING: Final = (
    decided_facts.ContactQueued,
    decided_facts.ContactRequeued,
    decided_facts.ContactMoved,
    decided_facts.ContactClosed,
    decided_facts.AssignmentOffered,
    decided_facts.PriorityGiven,
)
"""Facts after which places in the queue may be others."""


class LiveChats:
    """See `ports.chat.Chats`. `start` once the engine's state stands; until then decisions pass unseen."""

    def __init__(self, *, engine: Engine, messages: Messages, book: ChatBook, centre: Centre, metrics: Metrics) -> None:
        self._engine = engine
        self._messages = messages
        self._book = book
        self._centre = centre
        self._rooms: dict[ContactId, Room] = {}
        self._by_session: dict[str, ContactId] = {}
        self._of_assignment: dict[AssignmentId, ContactId] = {}
        self._watchers: list[ChatListener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._positions: asyncio.TimerHandle | None = None
        self._first = metrics.histogram(
            "triune_chat_first_response_seconds", "From a chat's arrival to the agent's first words"
        )
        self._said = metrics.counter("triune_chat_messages_total", "Messages of chats, by side")
        self._ratings = metrics.counter("triune_chat_ratings_total", "Visitors' ratings of chats, by rating")
        metrics.gauge("triune_chats", "Live chats by phase", self._count, label="phase")

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up the chats that are live; their visitors are gone until they come back. Raises DatabaseDown."""
        state = self._engine.state
        live = [contact.id for contact in state.contacts.values() if contact.medium is Medium.CHAT]
        for record in await self._book.of_contacts(live):
            room = self._enter(record)
            if not room.listeners:
                self._went(room)

    async def stop(self) -> None:
        """End every timer and task. Chats go on with the next engine."""
        if self._positions is not None:
            self._positions.cancel()
        for room in self._rooms.values():
            room.stop_going()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def decided(self, decision: Decision, _now: Milliseconds) -> None:
        """After every event, in order."""
        if not self._rooms:
            return
        for contact_id in dict.fromkeys(self._concerned(decision.facts)):
            self._refresh(self._rooms[contact_id])
        if self._positions is None and any(isinstance(fact, _MOVING) for fact in decision.facts):
            loop = asyncio.get_running_loop()
            self._positions = loop.call_later(POSITIONS_S, self._tell_positions)

    def _concerned(self, facts: Iterable[Fact]) -> Iterable[ContactId]:
        for fact in facts:
            match fact:
                case decided_facts.AssignmentOffered():
                    contact_id: ContactId | None = fact.contact_id
                    if fact.contact_id in self._rooms:
                        self._of_assignment[fact.assignment_id] = fact.contact_id
                case decided_facts.ContactRequeued() | decided_facts.ContactMoved() | decided_facts.ContactClosed():
                    contact_id = fact.contact_id
                case decided_facts.AssignmentStarted():
                    contact_id = self._of_assignment.get(fact.assignment_id)
                case decided_facts.WrapUpStarted():
                    contact_id = self._of_assignment.get(fact.assignment_id)
                    if contact_id in self._rooms:
                        self._rooms[contact_id].ended_by = fact.ended_by
                case decided_facts.OfferEnded() | decided_facts.AssignmentClosed():
                    contact_id = self._of_assignment.pop(fact.assignment_id, None)
                case _:
                    contact_id = None
            if contact_id is not None and contact_id in self._rooms:
                yield contact_id

    # -- what there is -----------------------------------------------------------------------------------------------

    async def find(self, session_id: str) -> ChatRecord | None:
        """See `ports.chat.Chats`."""
        contact_id = self._by_session.get(session_id)
        if contact_id is not None:
            return self._rooms[contact_id].record
        return await self._book.of_session(session_id)

    async def record(self, contact_id: ContactId) -> ChatRecord | None:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        if room is not None:
            return room.record
        found = await self._book.of_contacts([contact_id])
        return found[0] if found else None

    async def transcript(self, contact_id: ContactId) -> Sequence[Message]:
        """See `ports.chat.Chats`."""
        found = await self._messages.of_contact(contact_id)
        room = self._rooms.get(contact_id)
        if room is not None:
            late = {message.message_id: message for message in found if message.sending is Sending.QUEUED}
            room.undelivered = late | room.undelivered
        return found

    def standing(self, contact_id: ContactId) -> Standing:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        return room.standing if room is not None else _ENDED

    def refusal(self, site: str) -> str | None:
        """See `ports.chat.Chats`."""
        chat = self._centre.chats[site]
        queue = self._engine.state.queues.get(QueueId(chat.queue))
        hours = self._centre.hours.get(chat.hours) if chat.hours is not None else None
        if queue is None or not queue.open or (hours and not schedule.is_open(hours, self._engine.now())):
            return "closed"
        live = sum(room.record.site == site and room.standing.phase is not Phase.ENDED for room in self._rooms.values())
        return "busy" if live >= chat.most else None

    # -- what is said ------------------------------------------------------------------------------------------------

    async def visitor_says(self, visit: Visit, *, client_id: str, text: str) -> Message:
        """See `ports.chat.Chats`."""
        key = f"chat:{visit.session_id}:{client_id}"
        record = await self.find(visit.session_id) or await self._begin(visit, text)
        room = self._rooms.get(record.contact_id)
        if room is None or room.standing.phase is Phase.ENDED:
            return await self._said_before(record, key)
        queue = QueueId(self._centre.chats[visit.site].queue)
        incoming = Incoming(
            key=key,
            medium=Medium.CHAT,
            project_id=record.project_id,
            queue_id=queue,
            received_ms=self._engine.now(),
            address=visit.email,
            name=visit.name,
            language=visit.language,
            text=text,
        )
        self._said.add(side=Side.VISITOR)
        return await self._keep(room, lambda: self._messages.keep(record.contact_id, incoming))

    async def _said_before(self, record: ChatRecord, key: str) -> Message:
        """The chat is over: what was kept before that is confirmed still, anything else refused."""
        for message in await self._messages.of_contact(record.contact_id):
            if message.key == key:
                return message
        raise RuleError("This chat is over. Begin a new one.", code="chat_ended")

    async def _begin(self, visit: Visit, text: str) -> ChatRecord:
        """The contact, the chat's record, and its room. Told twice it is once."""
        refusal = self.refusal(visit.site)
        if refusal is not None:
            raise RuleError("No chat can begin here now.", code=f"chat_{refusal}")
        chat = self._centre.chats[visit.site]
        now = self._engine.now()
        contact_id = await self._arrive(visit, text, medium=Medium.CHAT, queue=chat.queue, source=visit.session_id)
        record = await self._book.open(
            ChatRecord(
                contact_id=contact_id,
                session_id=visit.session_id,
                project_id=ProjectId(self._centre.queues[chat.queue].project),
                site=visit.site,
                began_ms=now,
                page=visit.page,
            )
        )
        log.info("a chat began", extra={"action": "chat_began", "contact": contact_id})
        room = self._enter(record)
        if not room.listeners:
            self._went(room)
        return record

    async def _arrive(self, visit: Visit, text: str, *, medium: Medium, queue: str, source: str) -> ContactId:
        event = ContactArrived(medium=medium, queue_id=QueueId(queue), arrived_ms=self._engine.now())
        arrival = Arrival(
            address=visit.email,
            name=visit.name,
            language=visit.language,
            subject=text[:SUBJECT] if medium is Medium.CHAT else text[:1000],
            source=f"chat:{source}",
        )
        try:
            return await self._engine.arrive(event, arrival)
        except RuleError as error:
            if error.code == "queue_closed":
                raise RuleError("No chat can begin here now.", code="chat_closed") from error
            raise

    async def agent_says(self, contact_id: ContactId, agent_id: AgentId, *, client_id: str, text: str) -> Message:
        """See `ports.chat.Chats`."""
        room = self._room(contact_id)
        if room.standing.phase is Phase.ENDED:
            raise RuleError("This chat is over.", code="chat_ended")
        now = self._engine.now()
        outgoing = Outgoing(
            key=f"chat:{contact_id}:{agent_id}:{client_id}",
            medium=Medium.CHAT,
            contact_id=contact_id,
            project_id=room.record.project_id,
            address="",
            subject="",
            text=text,
        )
        self._said.add(side=Side.AGENT)
        message = await self._keep(room, lambda: self._messages.queue(outgoing, agent_id=agent_id, at_ms=now))
        self._responded(room, message)
        return message

    def _responded(self, room: Room, message: Message) -> None:
        contact = self._engine.state.contacts.get(room.record.contact_id)
        if room.record.first_response_ms is not None or contact is None:
            return
        took_ms = max(0, message.at_ms - contact.arrived_ms)
        room.record = replace(room.record, first_response_ms=took_ms)
        self._refresh(room)
        self._first.observe(took_ms / 1000)
        self._later(lambda: self._book.responded(contact.id, took_ms))

    async def leave_message(self, visit: Visit, *, client_id: str, text: str) -> None:
        """See `ports.chat.Chats`."""
        chat = self._centre.chats[visit.site]
        if chat.messages_to is None:
            raise RuleError("No messages are taken here.", code="chat_no_messages")
        key = f"{visit.session_id}:{client_id}"
        project_id = ProjectId(self._centre.queues[chat.messages_to].project)
        medium = self._for_later(project_id)
        contact_id = await self._arrive(visit, text, medium=medium, queue=chat.messages_to, source=key)
        incoming = Incoming(
            key=f"chat:{key}",
            medium=medium,
            project_id=project_id,
            queue_id=QueueId(chat.messages_to),
            received_ms=self._engine.now(),
            address=visit.email,
            name=visit.name,
            subject=text.splitlines()[0][:SUBJECT],
            language=visit.language,
            text=text,
        )
        await self._messages.keep(contact_id, incoming)

    def _for_later(self, project_id: ProjectId) -> Medium:
        """A mail where the project has an account to answer from; else a task that names the address."""
        accounts = self._centre.mail.values()
        answers = any(self._centre.queues[account.queue].project == project_id for account in accounts)
        return Medium.EMAIL if answers else Medium.TASK

    def types(self, contact_id: ContactId, side: Side) -> None:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        if room is not None and room.standing.phase is not Phase.ENDED:
            self._tell(room, lambda listener: listener.typing(contact_id, side))

    async def delivered(self, contact_id: ContactId, message_id: int) -> None:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        for message in room.confirmed(message_id) if room is not None else ():
            try:
                await self._messages.settle(message.key, Sending.SENT)
            except DatabaseDown:
                if room is not None:
                    room.undelivered[message.message_id] = message
                return
            self._tell_said(replace(message, sending=Sending.SENT))

    # -- coming and going --------------------------------------------------------------------------------------------

    def follow(self, contact_id: ContactId, listener: ChatListener) -> Callable[[], None]:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        if room is None:
            return lambda: None
        room.listeners[listener] = None
        room.stop_going()
        room.gone = False
        if room.left and not room.done:
            room.left = False
            self._note(room, Note.VISITOR_BACK, f"back:{self._engine.now()}")
        self._refresh(room)

        def unfollow() -> None:
            if room.listeners.pop(listener, listener) is None and not room.listeners:
                self._went(room)

        return unfollow

    def watch(self, listener: ChatListener) -> None:
        """See `ports.chat.Chats`."""
        self._watchers.append(listener)

    async def leave(self, contact_id: ContactId) -> None:
        """See `ports.chat.Chats`."""
        room = self._rooms.get(contact_id)
        if room is None or room.standing.phase is Phase.ENDED:
            return
        room.done = True
        try:
            await self._engine.handle(ContactCancelled(contact_id=contact_id, abandoned=True))
        except OutsideError:
            room.done = False
            raise

    async def rate(self, contact_id: ContactId, rating: int) -> None:
        """See `ports.chat.Chats`."""
        await self._book.rate(contact_id, rating)
        self._ratings.add(rating=str(rating))
        room = self._rooms.get(contact_id)
        if room is not None:
            room.record = replace(room.record, rating=rating)
            self._refresh(room)

    def _went(self, room: Room) -> None:
        """His last page is closed: shown in a moment, meant in a while."""
        room.stop_going()
        if room.standing.phase is Phase.ENDED or room.left:
            self._drop_if_over(room)
            return
        loop = asyncio.get_running_loop()
        room.going = loop.call_later(AWAY_SHOWN_S, self._is_away, room)

    def _is_away(self, room: Room) -> None:
        room.gone = True
        self._refresh(room)
        site = self._centre.chats.get(room.record.site)
        after_s = max(0.0, (site.away_s if site else 0) - AWAY_SHOWN_S)
        room.going = asyncio.get_running_loop().call_later(after_s, self._has_left, room)

    def _has_left(self, room: Room) -> None:
        room.going = None
        if room.standing.phase is Phase.WAITING:
            room.left = True
            self._later(lambda: self._abandon(room))
        elif room.standing.phase is Phase.ACTIVE:
            room.left = True
            self._note(room, Note.VISITOR_LEFT, f"left:{self._engine.now()}")
            self._refresh(room)

    async def _abandon(self, room: Room) -> None:
        """Unless he is back, or somebody has taken it meanwhile."""
        if room.left and room.standing.phase is Phase.WAITING:
            await self._engine.handle(ContactCancelled(contact_id=room.record.contact_id, abandoned=True))

    # -- rooms -------------------------------------------------------------------------------------------------------

    def _room(self, contact_id: ContactId) -> Room:
        try:
            return self._rooms[contact_id]
        except KeyError:
            raise NotFound("There is no such chat (any more).") from None

    def _enter(self, record: ChatRecord) -> Room:
        """The chat's room; made anew from the engine's state when there is none."""
        known = self._rooms.get(record.contact_id)
        if known is not None:
            return known
        waiting = Standing(phase=Phase.WAITING, presence=Presence.HERE)
        room = self._rooms[record.contact_id] = Room(record=record, standing=waiting)
        self._by_session[record.session_id] = record.contact_id
        assignment_id = assignment_of(room, self._state)
        if assignment_id is not None:
            self._of_assignment[assignment_id] = record.contact_id
        self._refresh(room)
        return room

    @property
    def _state(self) -> State:
        return self._engine.state

    def _refresh(self, room: Room) -> None:
        """Look at the chat anew, and tell what has changed."""
        before, now = room.standing, look(room, self._state, self._engine.now())
        room.standing = now
        if now.phase is Phase.ACTIVE:
            self._joined(room, now)
        elif before.phase is Phase.ACTIVE and now.phase is Phase.WAITING:
            self._note(room, Note.AGENT_LEFT, f"lost:{room.assignment_id}", agent_id=room.agent_id)
            room.assignment_id = None
        elif before.phase is not Phase.ENDED and now.phase is Phase.ENDED:
            self._ended(room)
        if now != before:
            self._tell(room, lambda listener: listener.stands(room.record.contact_id, now))
        self._drop_if_over(room)

    def _joined(self, room: Room, now: Standing) -> None:
        assignment_id = assignment_of(room, self._state)
        if assignment_id is None or assignment_id == room.assignment_id:
            return
        room.assignment_id, room.agent_id = assignment_id, now.agent_id
        self._note(room, Note.AGENT_JOINED, f"joined:{assignment_id}", agent_id=now.agent_id)

    def _ended(self, room: Room) -> None:
        room.stop_going()
        if room.ended_by is not None and room.ended_by is not EndedBy.CUSTOMER:
            self._note(room, Note.AGENT_ENDED, "ended", agent_id=room.agent_id)
        else:
            self._note(room, Note.VISITOR_ENDED if room.done else Note.VISITOR_LEFT, "ended")

    def _drop_if_over(self, room: Room) -> None:
        """Nobody follows it and the contact is closed: what is asked of it later stands in the book."""
        contact_id = room.record.contact_id
        if room.listeners or contact_id in self._state.contacts or self._rooms.get(contact_id) is not room:
            return
        room.stop_going()
        del self._rooms[contact_id]
        self._by_session.pop(room.record.session_id, None)

    # -- telling -----------------------------------------------------------------------------------------------------

    async def _keep(self, room: Room, write: Callable[[], Awaitable[Message]]) -> Message:
        async with room.turn:
            message = await write()
            if message.sending is Sending.QUEUED:
                room.undelivered[message.message_id] = message
            self._tell_said(message)
        return message

    def _note(self, room: Room, note: Note, key: str, *, agent_id: AgentId | None = None) -> None:
        """Keep what the centre has to say; once, however often it is found out."""
        said = Said(
            key=f"chat:{room.record.contact_id}:{key}",
            medium=Medium.CHAT,
            contact_id=room.record.contact_id,
            project_id=room.record.project_id,
            at_ms=self._engine.now(),
            text=f"{note}:{agent_id}" if agent_id is not None else note,
        )

        async def keep() -> None:
            await self._keep(room, lambda: self._messages.note(said))

        self._later(keep)

    def _tell_said(self, message: Message) -> None:
        room = self._rooms.get(message.contact_id)
        listeners = [*(room.listeners if room is not None else ()), *self._watchers]
        for listener in listeners:
            listener.said(message)

    def _tell(self, room: Room, say: Callable[[ChatListener], None]) -> None:
        for listener in [*room.listeners, *self._watchers]:
            say(listener)

    def _tell_positions(self) -> None:
        self._positions = None
        for room in list(self._rooms.values()):
            if room.standing.phase is Phase.WAITING:
                self._refresh(room)

    def _count(self) -> dict[str, float]:
        counts: dict[str, float] = dict.fromkeys(Phase, 0.0)
        for room in self._rooms.values():
            counts[room.standing.phase] += 1
        return counts

    def _later(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do it beside; while the database or the engine cannot, again and again."""
        task = asyncio.get_running_loop().create_task(self._insist(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _insist(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except OutsideError:
                await asyncio.sleep(AGAIN_S)
            except RuleError as error:
                log.info("a chat was refused: %s", error, extra={"action": "chat_refused"})
                return
            else:
                return
