"""AMI through panoramisk: registrations, the fallback queue and callers who found no line; nothing else.

Called by `cti.asterisk.switch`.

panoramisk parses and matches answers to actions. It has no deadline, logs in only once and repeats old actions after a
reconnect; so each connection here is a Manager of its own that is thrown away at its end, every action has a deadline,
and a fresh snapshot is taken after every login before the first change is believed.

At login only the classes `system` (contact states) and `user` (lost callers) are asked for: calls are in neither, so
the switch does not even make up the dozens of events of a call.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import panoramisk
from panoramisk.message import Message

from cti import variables
from cti.asterisk.backoff import Backoff
from cti.errors import AsteriskDown, AsteriskSilent, OutsideError

log = logging.getLogger(__name__)

DEADLINE_S: Final = 3.0
PING_EVERY_S: Final = 5.0
NOT_LEADING: Final = "This engine is not known to lead now: it sends nothing."

Fields = Mapping[str, str]
"""An AMI message; header names in lower case."""


class _Connection(panoramisk.Manager):  # type: ignore[misc]  # panoramisk has no types
    """One connection from dialling to its end; never makes another."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, f: "asyncio.Future[Any]") -> None:
        if f.cancelled() or f.exception() is not None:
            self._end()
        else:
            super().connection_made(f)

    def login(self, future: "asyncio.Future[Message]") -> bool:
        granted = not future.cancelled() and future.exception() is None and bool(future.result().success)
        if not self.ready.done():
            self.ready.set_result(granted)
        return granted

    def connection_lost(self, exc: object) -> None:
        self._end()

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        pinger: asyncio.TimerHandle | None = self.__dict__.get("pinger")
        if pinger is not None:
            pinger.cancel()
        if not self.ready.done():
            self.ready.set_result(False)
        if not self.ended.done():
            self.ended.set_result(None)


class Client:
    """Keeps one AMI connection alive.

    `on_login` is awaited after each login, before events count as current; when it fails the connection is made anew.
    `on_contact` gets (endpoint, contact uri, status) of each ContactStatus event, `on_lost` what the dialplan says of a
    caller for whom there was no line; both within the loop. `may_send` is asked before every action and connection:
    while it says no nothing leaves.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        password: str,
        on_login: Callable[[], "asyncio.Future[None] | Any"],
        on_contact: Callable[[str, str, str], None],
        on_lost: Callable[[Message], None] = lambda _: None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._config = {
            "host": host,
            "port": port,
            "username": username,
            "secret": password,
            "events": "system,user",
            "ping_delay": 86_400,  # ours has a deadline, panoramisk's is never read
            "ping_interval": 86_400,
            "log": logging.getLogger("cti.asterisk.panoramisk"),
        }
        self._on_login = on_login
        self._on_contact = on_contact
        self._on_lost = on_lost
        self._may_send = may_send
        self._connection: _Connection | None = None

    @property
    def is_up(self) -> bool:
        """Whether a connection is logged in."""
        return self._connection is not None

    async def run(self) -> None:
        """Connect, log in, and do so again whenever the connection ends; returns only by being cancelled."""
        backoff = Backoff()
        while True:
            try:
                await self._serve_one(backoff)
            except (OSError, OutsideError) as error:
                log.warning("AMI is not reachable: %s", error, extra={"action": "ami_unreachable"})
            except Exception:  # a connection's reconnect: whatever it was, the next connection begins anew
                log.exception("The AMI connection failed and is made anew", extra={"action": "ami_failed"})
            await asyncio.sleep(backoff.wait_s())

    async def action(self, name: str, *, limit_s: float | None = None, **fields: str) -> Message:
        """Send an action that has a single answer. Raises AsteriskDown without connection, AsteriskSilent at its limit.

        `limit_s` is `DEADLINE_S` unless another is given. The answer may be a refusal: ask its `success`.
        """
        answer: Message = await self._send(name, fields, as_list=False, limit_s=limit_s)
        return answer

    async def listing(self, name: str, **fields: str) -> Sequence[Message]:
        """Send an action that lists; an empty list when Asterisk says that there is nothing.

        Raises AsteriskDown without connection, AsteriskSilent after 3 s or when it refuses to list.
        """
        answer = await self._send(name, fields, as_list=None)
        if not isinstance(answer, list):
            if answer.success or "No " in answer.message:
                return []
            raise AsteriskSilent(f"Asterisk refused to list {name}: {answer.message}")
        return [message for message in answer if message.event and not message.event.endswith("Complete")]

    async def _serve_one(self, backoff: Backoff) -> None:
        if not self._may_send():
            raise AsteriskDown(NOT_LEADING)
        begun = asyncio.get_running_loop().time()
        connection = _Connection(loop=asyncio.get_running_loop(), **self._config)
        connection.register_event("ContactStatus", self._take_contact)
        connection.register_event("UserEvent", self._take_user_event)
        try:
            dialling = connection.connect()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    granted = await connection.ready
            except TimeoutError as error:
                dialling.cancel()
                raise AsteriskDown(f"Asterisk did not let AMI log in within {DEADLINE_S:g} s.") from error
            if not granted:
                raise AsteriskDown("Asterisk closed the AMI connection, or name or password are wrong.")
            self._connection = connection
            await self._on_login()
            await self._watch(connection)
        finally:
            backoff.stood(asyncio.get_running_loop().time() - begun)
            self._connection = None
            connection.close()

    async def _watch(self, connection: _Connection) -> None:
        """Return when the connection has ended; raise AsteriskSilent when it is silent."""
        while not connection.ended.done():
            await asyncio.wait([connection.ended], timeout=PING_EVERY_S)
            if not connection.ended.done():
                await self.action("Ping")

    async def _send(
        self, name: str, fields: Mapping[str, str], *, as_list: bool | None, limit_s: float | None = None
    ) -> Any:
        connection = self._connection
        if connection is None or connection.ended.done():
            raise AsteriskDown("There is no AMI connection to Asterisk.")
        if not self._may_send():
            raise AsteriskDown(NOT_LEADING)
        if any("\r" in value or "\n" in value for value in fields.values()):
            raise OutsideError(
                f"A field of {name} has a line break; it would be read as a second action.", transient=False
            )
        limit_s = DEADLINE_S if limit_s is None else limit_s
        answer = connection.send_action({"Action": name, **fields}, as_list=as_list)
        await asyncio.wait([answer, connection.ended], timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and not answer.cancelled():
            return answer.result()
        answer.cancel()
        if connection.ended.done():
            raise AsteriskDown(f"The AMI connection was lost before Asterisk answered {name}.")
        raise AsteriskSilent(f"Asterisk did not answer {name} within {limit_s:g} s.")

    def _take_contact(self, connection: _Connection, event: Message) -> None:
        if connection is self._connection:
            self._on_contact(event.endpointname or event.aor, event.uri, event.contactstatus)

    def _take_user_event(self, connection: _Connection, event: Message) -> None:
        if connection is self._connection and event.userevent == variables.LOST_EVENT:
            self._on_lost(event)
