"""The visitor's side of web chat: `/chat/v1/{key}`, reached from customers' pages, without signing in.

A page may stand on the origins of its site and on the centre's own address; every other is refused before anything is
read. No cookie is set or read: a session is a token that the page keeps. Not here: what is said (`cti.media.chat`), the
limits (`chat_limits`), the records (`chat_messages`).
"""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, assert_never
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request, Response, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import Headers

from cti.config import Chat
from cti.domain.ids import ContactId
from cti.errors import OutsideError, RuleError
from cti.ports.chat import ChatRecord, Phase, Side, Standing, Visit
from cti.ports.media import Direction
from cti.ports.media import Message as Kept
from cti.web import words
from cti.web.chat_desk import SIDES, note_of
from cti.web.chat_limits import SAYS, SAYS_PER_S, STRIKES, Bucket, source_of
from cti.web.chat_messages import (
    TEXT_LIMIT,
    Beat,
    Got,
    Heard,
    Hello,
    Leave,
    LeaveMessage,
    Line,
    LineSaid,
    MessageTaken,
    Rate,
    Refused,
    Say,
    SiteView,
    StandingTold,
    StandingView,
    Types,
    TypingTold,
    Welcome,
)
from cti.web.guard import AnyParts, Parts
from cti.web.page import SLOW, Closing
from cti.web.problems import Refusal, responses
from cti.web.roster import Roster

log = logging.getLogger(__name__)

HELLO_S: Final = 10.0
"""How long a page may take to say who it is."""
IDLE_S: Final = 600.0
"""How long a page without a live chat may be silent."""
CLOSE_S: Final = 1.0
BEAT_S: Final = 20.0
"""How often something is said at least; a page takes twice as long a silence for a network that is gone."""
OUTBOX: Final = 300
"""What may wait to be sent to a page; one that does not take it is closed, and reads the transcript when it is back."""
FRAME_LIMIT: Final = 24 * 1024
"""Most characters of what a page says at once: the longest message, escaped."""
POLICY: Final = 1008
"""Close code `Policy Violation` (RFC 6455, 7.4.1)."""
_SAID: Final = TypeAdapter[Say | LeaveMessage | Types | Got | Leave | Rate](Heard)

router = APIRouter(tags=["chat"])


@router.get("/chat/v1/{key}", responses=responses(403, 404))
async def site(
    key: str,
    request: Request,
    response: Response,
    parts: AnyParts,
    lang: str = Query(default="", max_length=35),
) -> SiteView:
    """What the widget shows before anybody speaks. From the origins of this site only."""
    chat = parts.centre.chats.get(key)
    if chat is None:
        raise Refusal(404, "not_found")
    origin = request.headers.get("origin")
    if origin is not None:
        if not is_allowed(chat, request.headers):
            raise Refusal(403, "foreign_origin")
        response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return site_view(chat, lang, refusal=parts.chats.refusal(key))


@router.websocket("/chat/v1/{key}")
async def visit(websocket: WebSocket, key: str = Path(max_length=40)) -> None:
    """One visitor's page, from its `Hello` to its end. Close codes: 1008 do not come back, any other: connect again."""
    parts: Parts = websocket.app.state.parts
    chat = parts.centre.chats.get(key)
    if chat is None or not is_allowed(chat, websocket.headers):
        await websocket.close(POLICY)
        return
    source = source_of(websocket)
    with parts.visitors.admit(source) as admitted:
        await websocket.accept()
        closing: Closing | None = Closing(SLOW, "too many pages")
        if admitted:
            closing = await _Visitor(websocket, parts, chat, source=source).serve()
        if closing is not None:
            with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                await asyncio.wait_for(websocket.close(closing.code, closing.reason), CLOSE_S)


def is_allowed(chat: Chat, headers: Headers) -> bool:
    """Whether a page of this origin may carry the site's chat. Browsers name it, and a page cannot forge it."""
    origin = headers.get("origin", "").lower()
    return origin in chat.origins or (origin != "" and urlsplit(origin).netloc == headers.get("host", "").lower())


def site_view(chat: Chat, language: str, *, refusal: str | None) -> SiteView:
    """The site in the page's language."""
    spoken = chat.spoken(language)
    return SiteView(
        title=chat.name.in_language(spoken),
        greeting=chat.greeting.in_language(spoken) if chat.greeting else "",
        consent=chat.consent.in_language(spoken) if chat.consent else "",
        language=spoken.value,
        colour=chat.colour,
        open=refusal is None,
        takes_messages=chat.messages_to is not None,
        ask_name=chat.ask_name.value,
        ask_email=chat.ask_email.value,
        rating=chat.rating,
    )


class _Visitor:
    """One open page of a visitor: a `ChatListener` once his chat has begun."""

    def __init__(self, websocket: WebSocket, parts: Parts, chat: Chat, *, source: str) -> None:
        self._websocket = websocket
        self._parts = parts
        self._chat = chat
        self._chats = parts.chats
        self._visitors = parts.visitors
        self._source = source
        self._outbox: deque[BaseModel] = deque()
        self._filled = asyncio.Event()
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._bucket = Bucket(SAYS, SAYS_PER_S)
        self._strikes = 0
        self._visit = Visit(session_id="", site=chat.key, language="")
        self._contact_id: ContactId | None = None
        self._unfollow: Callable[[], None] = lambda: None

    async def serve(self) -> Closing | None:
        """Run the page to its end; how to close it, or None when it is gone already."""
        try:
            hello = await self._hello()
            if hello is None:
                return Closing(POLICY, "say hello first")
            await self._welcome(hello)
            return await self._run()
        except OutsideError:
            return Closing(SLOW, "try again later")
        except (WebSocketDisconnect, RuntimeError):
            return None
        finally:
            self._unfollow()

    async def _run(self) -> Closing | None:
        reading, sending = asyncio.create_task(self._read()), asyncio.create_task(self._pump())
        closing = asyncio.create_task(self._closed())
        try:
            await asyncio.wait({reading, sending, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, sending, closing):
                task.cancel()
            ended = await asyncio.gather(reading, sending, closing, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
                log.error("a visitor's page broke", exc_info=result, extra={"action": "chat_page_broke"})
        return self._closing.result() if self._closing.done() else None

    async def _closed(self) -> None:
        await asyncio.shield(self._closing)

    # -- how it begins -----------------------------------------------------------------------------------------------

    async def _hello(self) -> Hello | None:
        try:
            async with asyncio.timeout(HELLO_S):
                return Hello.model_validate_json(await self._websocket.receive_text())
        except (ValidationError, TimeoutError, KeyError):
            return None

    async def _welcome(self, hello: Hello) -> None:
        """Everything so far; from here on the page is told of what comes."""
        token = hello.token
        session_id = self._visitors.read(token, self._chat.key)
        if session_id is None or token is None:
            session_id, token = self._visitors.begin(self._chat.key)
        self._visit = replace(self._visit, session_id=session_id, language=self._chat.spoken(hello.language).value)
        record = await self._chats.find(session_id)
        lines = []
        if record is not None:
            self._follow(record.contact_id)
            lines = [self._line(message) for message in await self._chats.transcript(record.contact_id)]
        welcome = Welcome(
            now_ms=self._parts.engine.now(),
            token=token,
            site=site_view(self._chat, hello.language, refusal=self._chats.refusal(self._chat.key)),
            standing=self._standing(record),
            lines=lines,
        )
        await self._websocket.send_text(welcome.model_dump_json())

    def _follow(self, contact_id: ContactId) -> None:
        if self._contact_id is None:
            self._contact_id = contact_id
            self._unfollow = self._chats.follow(contact_id, self)

    def _standing(self, record: ChatRecord | None) -> StandingView:
        if record is None:
            return StandingView(phase="new", position=None, expected_wait_ms=None, agent=None, rating=None)
        standing = self._chats.standing(record.contact_id)
        return standing_view(replace(standing, rating=record.rating), self._parts.roster)

    # -- what it says ------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(None if self._is_live() else IDLE_S):
                    text = await self._websocket.receive_text()
            except TimeoutError:
                self._close(1000, "idle")
                return
            except KeyError:
                self._close(POLICY, "text only")
                return
            if not self._bucket.take():
                self._refuse_fast(text)
                continue
            await self._heard(text)

    def _is_live(self) -> bool:
        return self._contact_id is not None and self._chats.standing(self._contact_id).phase is not Phase.ENDED

    def _refuse_fast(self, text: str) -> None:
        self._strikes += 1
        if self._strikes > STRIKES:
            self._close(POLICY, "too fast")
        else:
            self._refuse("too_fast", client_id=_client_id(text), again=True, seconds=1)

    async def _heard(self, text: str) -> None:
        client_id = _client_id(text)
        if len(text) > FRAME_LIMIT:
            self._refuse("chat_too_long", client_id=client_id, most=TEXT_LIMIT)
            return
        try:
            said = _SAID.validate_json(text)
        except ValidationError as error:
            too_long = any(detail["type"] == "string_too_long" for detail in error.errors())
            fields = ", ".join(sorted({str(detail["loc"][-1]) for detail in error.errors() if detail["loc"]}))[:100]
            code = "chat_too_long" if too_long else "invalid"
            self._refuse(code, client_id=client_id, most=TEXT_LIMIT, fields=fields)
            return
        try:
            await self._do(said)
        except RuleError as error:
            self._refuse(error.code, client_id=client_id)
        except OutsideError as error:
            seconds = max(1, round(error.retry_after_s))
            self._refuse("unavailable", client_id=client_id, again=True, seconds=seconds)

    async def _do(self, said: Say | LeaveMessage | Types | Got | Leave | Rate) -> None:
        match said:
            case Say():
                await self._say(said)
            case LeaveMessage():
                await self._leave_message(said)
            case Types():
                if self._contact_id is not None:
                    self._chats.types(self._contact_id, Side.VISITOR)
            case Got():
                if self._contact_id is not None:
                    await self._chats.delivered(self._contact_id, said.id)
            case Leave():
                if self._contact_id is not None:
                    await self._chats.leave(self._contact_id)
            case Rate():
                if self._contact_id is None:
                    raise RuleError("There is nothing to rate yet.", code="chat_not_begun")
                await self._chats.rate(self._contact_id, said.rating)
            case _:
                assert_never(said)

    async def _say(self, said: Say) -> None:
        begins = self._contact_id is None
        if begins:
            self._may_begin()
            self._visit = replace(self._visit, name=said.name, email=said.email.strip(), page=said.page)
        message = await self._chats.visitor_says(self._visit, client_id=said.client_id, text=said.text)
        if begins:
            self._follow(message.contact_id)
            for each in await self._chats.transcript(message.contact_id):
                self.said(each)
            self.stands(message.contact_id, self._chats.standing(message.contact_id))
        elif not self._is_live():
            self.said(message)

    async def _leave_message(self, said: LeaveMessage) -> None:
        self._may_begin()
        visit = replace(self._visit, name=said.name, email=said.email, page=said.page)
        await self._chats.leave_message(visit, client_id=said.client_id, text=said.text)
        self._put(MessageTaken(client_id=said.client_id))

    def _may_begin(self) -> None:
        if not self._visitors.may_begin(self._source):
            raise RuleError("This address began too many chats.", code="chat_busy")

    def _refuse(self, code: str, *, client_id: str | None, again: bool = False, **values: object) -> None:
        sentence = words.problem(code, self._visit.language, **values)
        self._put(Refused(client_id=client_id, code=code, sentence=sentence, again=again))

    # -- what it is told ---------------------------------------------------------------------------------------------

    def said(self, message: Kept) -> None:
        """See `ports.chat.ChatListener`."""
        self._put(LineSaid(line=self._line(message)))

    def stands(self, _contact_id: ContactId, standing: Standing) -> None:
        """See `ports.chat.ChatListener`."""
        self._put(StandingTold(standing=standing_view(standing, self._parts.roster)))

    def typing(self, _contact_id: ContactId, side: Side) -> None:
        """See `ports.chat.ChatListener`."""
        if side is Side.AGENT:
            self._put(TypingTold())

    def _line(self, message: Kept) -> Line:
        text, agent_id = note_of(message) if message.direction is Direction.SYSTEM else (message.text, message.agent_id)
        own = f"chat:{self._visit.session_id}:"
        return Line(
            id=message.message_id,
            at_ms=message.at_ms,
            side=SIDES[message.direction],
            text=text,
            who=self._parts.roster.name(agent_id),
            client_id=message.key.removeprefix(own) if message.key.startswith(own) else None,
        )

    def _put(self, told: BaseModel) -> None:
        if self._closing.done():
            return
        if len(self._outbox) >= OUTBOX:
            self._close(SLOW, "too slow")
            return
        self._outbox.append(told)
        self._filled.set()

    def _close(self, code: int, reason: str) -> None:
        if not self._closing.done():
            self._closing.set_result(Closing(code, reason))

    async def _pump(self) -> None:
        while True:
            while self._outbox:
                await self._websocket.send_text(self._outbox.popleft().model_dump_json())
            self._filled.clear()
            try:
                await asyncio.wait_for(self._filled.wait(), BEAT_S)
            except TimeoutError:
                self._outbox.append(Beat())


def standing_view(standing: Standing, roster: Roster) -> StandingView:
    """How a chat stands, as its visitor sees it."""
    return StandingView(
        phase=standing.phase,
        position=standing.position,
        expected_wait_ms=standing.expected_wait_ms,
        agent=roster.name(standing.agent_id),
        rating=standing.rating,
    )


def _client_id(text: str) -> str | None:
    """The page's own id of what it said, so that it knows what is refused; None when there is none to be read."""
    if len(text) > FRAME_LIMIT:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    named = found.get("client_id") if isinstance(found, dict) else None
    return named if isinstance(named, str) and len(named) <= 40 else None
