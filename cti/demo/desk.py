"""A scripted agent: a desktop without a screen, over the public API like any page.

Here: signing in, the WebSocket and its return after a loss, being ready, confirming pops, closing wrap-up. Not here:
the phone that rings (`cti.demo.carrier`), many desks (`cti.demo.desks`), desk and phone together (`cti.demo.agents`).

Theory of operation. A desk keeps no history of its own: after each message it looks at what the server says of it and
does what that calls for: the device chosen, ready again, a pop confirmed, a wrap-up finished. A refused act is tried
again after the next message, or a second later. So a restart of the engine needs no special case.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from cti.demo import writing
from cti.demo.reading import AgentSeen, Assignment, Change, HistoryRow, Me, Message, Queue, State, decode
from cti.errors import OutsideError
from cti.home import DemoPerson

log = logging.getLogger(__name__)

COOKIE: Final = "triune_session"
SIGNED_OUT: Final = 4401
API: Final = "/api/v1"
_AGAIN_S: Final = 1.0
_RINGS: Final = ("voice", "callback")
"""Media of which the phone rings; the others are taken up at the desktop."""
_IN_HAND: Final = ("offered", "active", "paused")
_CHAT_LIMIT_S: Final = 60.0
"""How long the customer of a chat is waited for to leave it."""
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 2.0

Device = Literal["sip", "web"]


class Desk:
    """One person's desktop. `changed` is called after each message; it must not block."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        web: str,
        person: DemoPerson,
        *,
        works: bool = True,
        wrap_s: float = 0.5,
        device: Device = "sip",
        changed: Callable[["Desk"], None] = lambda _desk: None,
        writing_s: float | None = None,
    ) -> None:
        """With `works` false it only watches: never ready, and nothing is done for it.

        `writing_s` is how long he takes to answer a mail or a chat; None: he ends them without a word.
        """
        self.login = person.login
        self.me: Me | None = None
        self.state: State | None = None
        self.assignments: dict[str, Assignment] = {}
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, AgentSeen] = {}
        self.connected = False
        self.closed = 0
        """Contacts closed with a disposition."""
        self.trouble = ""
        """The server's last refusal, as a sentence."""
        self._http = http
        self._web = web
        self._person = person
        self._works = works
        self._wrap_s = wrap_s
        self._device = device
        self.changed = changed
        self._writing_s = writing_s
        self.connected_talk_s: Callable[[], float] | None = None
        """With it the desk stays connected, and ends each talk itself after so many seconds."""
        self._headers: dict[str, str] = {}
        self._shown: set[str] = set()
        self._finishing: set[str] = set()
        self._worked: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._random = random.Random(person.login)

    # -- life --------------------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        """Raises OutsideError when the centre refuses or does not answer."""
        answer = await self._post("/session", {"login": self._person.login, "password": self._person.password})
        token = answer.cookies.get(COOKIE)
        self._http.cookies.clear()  # the pool is shared: each desk shows its own
        if not token:
            raise OutsideError(f"The centre let {self.login} in without a session.", transient=False)
        self._headers = {"Cookie": f"{COOKIE}={token}"}
        self.me = msgspec.json.decode(answer.content, type=Me)

    async def run(self) -> None:
        """Hold the WebSocket, again and again, until cancelled."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                async with self._connect() as socket:
                    pause = _FIRST_PAUSE_S
                    await self._follow(socket)
                if socket.close_code == SIGNED_OUT:
                    await self.sign_in()
            except (OSError, TimeoutError, WebSocketException, OutsideError) as error:
                log.debug("%s lost the centre: %s", self.login, error, extra={"action": "desk_lost"})
            self.connected = False
            self.changed(self)
            await asyncio.sleep(pause * self._random.uniform(0.75, 1.25))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def leave(self, *, limit_s: float) -> bool:
        """Be not ready, finish what is in hand within `limit_s`, sign out; whether the sign-out was accepted."""
        self._works = False
        with contextlib.suppress(OutsideError):
            await self._sign_out()
        if self.assignments:
            with contextlib.suppress(TimeoutError):
                await self.until(lambda desk: not desk.assignments, limit_s=limit_s)
        for task in list(self._tasks):
            task.cancel()
        try:
            return await self._sign_out()
        except OutsideError:
            return True  # it went with the last contact

    async def _sign_out(self) -> bool:
        answer = await self._request("DELETE", "/session", None)
        left = answer.json().get("left", True)
        return bool(left)

    async def until(self, holds: Callable[["Desk"], bool], *, limit_s: float) -> None:
        """Wait until `holds`; looked at after each message. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def history(self, *, since_ms: int) -> list[HistoryRow]:
        """What this person took up that arrived since then, newest first. Raises OutsideError."""
        rows: list[HistoryRow] = []
        before = ""
        while True:
            answer = await self._request("GET", f"/history?limit=200{before}", None)
            page = msgspec.json.decode(answer.content, type=list[HistoryRow])
            rows += [row for row in page if row.arrived_ms >= since_ms]
            if len(page) < 200 or page[-1].arrived_ms < since_ms:
                return rows
            before = f"&before={page[-1].arrived_ms}"

    # -- the WebSocket -----------------------------------------------------------------------------------------------

    def _connect(self) -> connect:
        return connect(
            self._web.replace("http", "ws", 1) + f"{API}/events",
            additional_headers=self._headers,
            compression=None,
            proxy=None,
            open_timeout=5,
            close_timeout=1,
            max_size=None,
        )

    async def _follow(self, socket: ClientConnection) -> None:
        expected = 0
        async for text in socket:
            message = decode(text)
            if message.type == "snapshot":
                self._take_snapshot(message)
                expected = 1
            elif message.n != expected:
                return
            else:
                expected += 1
                if message.change is not None:
                    self._take_change(message.change)
            await self._confirm_pops(socket)
            self._settle()
            self._news.set()
            self.changed(self)

    def _take_snapshot(self, message: Message) -> None:
        self.connected = True
        self.me = message.me or self.me
        self.state = message.state
        self.assignments = {one.assignment_id: one for one in message.assignments}
        self.queues = {queue.queue_id: queue for queue in message.queues}
        self.agents = {agent.agent_id: agent for agent in message.agents}
        self._shown.clear()

    def _take_change(self, change: Change) -> None:
        match change.kind:
            case "state" if isinstance(change.state, State):
                self.state = change.state
            case "assignment" if change.assignment is not None:
                self.assignments[change.assignment.assignment_id] = change.assignment
            case "assignment_gone":
                self.assignments.pop(change.assignment_id, None)
                self._shown.discard(change.assignment_id)
                self._finishing.discard(change.assignment_id)
            case "queues":
                self.queues |= {queue.queue_id: queue for queue in change.queues}
            case "agents":
                self.agents |= {agent.agent_id: agent for agent in change.agents}
            case _:
                pass

    async def _confirm_pops(self, socket: ClientConnection) -> None:
        for assignment in self.assignments.values():
            if assignment.state == "offered" and assignment.assignment_id not in self._shown:
                self._shown.add(assignment.assignment_id)
                said = {"type": "shown", "assignment_id": assignment.assignment_id}
                await socket.send(msgspec.json.encode(said).decode())

    # -- acts --------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Begin what is to be done; what is under way is not begun twice."""
        for assignment in self.assignments.values():
            key = assignment.assignment_id
            if assignment.contact.medium not in _RINGS and assignment.state in _IN_HAND and key not in self._worked:
                self._worked.add(key)
                self._start(self._work(key))
            self._talk(assignment)
            if assignment.state == "wrap_up" and assignment.assignment_id not in self._finishing:
                self._finishing.add(assignment.assignment_id)
                self._start(self._finish(assignment))
        if self._wants() and (self._settling is None or self._settling.done()):
            self._settling = self._start(self._become_ready())

    def _wants(self) -> tuple[str, object] | None:
        state = self.state
        if not self._works or state is None:
            return None
        device = state.device if state.device == "desk" else self._device  # he has logged in at a desk phone
        if device not in state.phones:
            return None
        if state.device != device:
            return "/agent/device", {"device": device}
        if state.readiness != "ready":
            return "/agent/readiness", {"ready": True}
        if self.connected_talk_s is not None and state.line == "off" and not self.assignments:
            return "/agent/line", {"wanted": True}
        return None

    def _talk(self, assignment: Assignment) -> None:
        """A lead to look at is called; who stays connected ends his talks at the desk."""
        key = assignment.assignment_id
        if key in self._worked or assignment.contact.medium not in _RINGS:
            return
        if assignment.preview and assignment.state == "offered":
            self._worked.add(key)
            self._start(self._call(key))
        elif self.connected_talk_s is not None and assignment.state == "active":
            self._worked.add(key)
            self._start(self._end_talk(key, self.connected_talk_s()))

    async def _call(self, key: str) -> None:
        with contextlib.suppress(OutsideError):
            await self._post(f"/assignments/{key}/accept", None)
        self._worked.discard(key)

    async def _end_talk(self, key: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while (held := self.assignments.get(key)) is not None and held.state == "active":
            try:
                await self._post(f"/assignments/{key}/hangup", None)
            except OutsideError as error:
                self.trouble = str(error)
            await self._until_moved(held, limit_s=_AGAIN_S)
        self._worked.discard(key)

    async def _become_ready(self) -> None:
        while wanted := self._wants():
            path, body = wanted
            self._news.clear()
            try:
                await self._post(path, body)
                self.trouble = ""
            except OutsideError as error:
                self.trouble = str(error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _AGAIN_S)

    async def _work(self, key: str) -> None:
        """What comes without a call: take it up, answer it, say that it is done; while it is paused, wait."""
        written = self._writing_s is None
        while (held := self.assignments.get(key)) is not None and held.state in _IN_HAND:
            try:
                if held.state == "offered":
                    await self._post(f"/assignments/{key}/accept", None)
                elif held.state == "active":
                    if not written:
                        await self._write(held)
                        written = True
                    await self._post(f"/assignments/{key}/hangup", None)
            except OutsideError as error:
                self.trouble = str(error)
            await self._until_moved(held, limit_s=_AGAIN_S)
        self._worked.discard(key)

    async def _write(self, held: Assignment) -> None:
        await asyncio.sleep(self._writing_s or 0)
        await writing.write(self._request, held)
        if held.contact.medium == "chat":
            await self._until_moved(held, limit_s=_CHAT_LIMIT_S)

    async def _until_moved(self, held: Assignment, *, limit_s: float) -> None:
        """Until it is in another state, or gone, or the time is over."""

        def has_moved(desk: "Desk") -> bool:
            now = desk.assignments.get(held.assignment_id)
            return now is None or now.state != held.state

        with contextlib.suppress(TimeoutError):
            await self.until(has_moved, limit_s=limit_s)

    async def _finish(self, assignment: Assignment) -> None:
        if self._wrap_s:
            await asyncio.sleep(self._wrap_s)
        known = self.me.dispositions.get(assignment.contact.project_id, []) if self.me else []
        if not known:
            self.trouble = f"The project {assignment.contact.project_id} has no dispositions."
            return
        while assignment.assignment_id in self.assignments:
            body = {"disposition": self._random.choice(known).id}
            try:
                await self._post(f"/assignments/{assignment.assignment_id}/finish", body)
            except OutsideError as error:
                self.trouble = str(error)
                await asyncio.sleep(_AGAIN_S)
            else:
                self.closed += 1
                return

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _post(self, path: str, body: object) -> httpx.Response:
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: object) -> httpx.Response:
        try:
            answer = await self._http.request(method, API + path, json=body, headers=self._headers)
        except httpx.HTTPError as error:
            raise OutsideError(f"The centre does not answer on {self._web}.") from error
        if answer.is_error:
            raise OutsideError(_sentence(answer), transient=answer.is_server_error)
        return answer


def _sentence(answer: httpx.Response) -> str:
    try:
        said = answer.json()
        return str(said["sentence"])
    except (ValueError, KeyError, TypeError):
        return f"The centre answered {answer.status_code}."
