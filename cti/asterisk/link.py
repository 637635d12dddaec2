"""One ARI WebSocket from its handshake to its end: requests out, replies and events in, a deadline on each request.

Keeping a connection alive over failures is `cti.asterisk.ari`, which calls this.

Asterisk serves the requests of one WebSocket strictly one after another, so what builds on each other is sent without
waiting for the answers in between. All requests of one turn of the loop leave in one write.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

import msgspec
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from cti.asterisk import wire
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError

log = logging.getLogger(__name__)

DEADLINE_S: Final = 3.0
PING_EVERY_S: Final = 2.0

_encode = msgspec.json.Encoder().encode


class _Request(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    type: str
    request_id: str
    method: str
    uri: str
    content_type: str = ""
    message_body: str = ""


class _Waiting:
    """A request that is under way: who waits, until when, and which refusals are success to him."""

    __slots__ = ("accepted", "future", "timer", "what")

    def __init__(
        self, future: asyncio.Future[wire.Reply], timer: asyncio.TimerHandle, what: str, accepted: tuple[int, ...]
    ) -> None:
        self.future = future
        self.timer = timer
        self.what = what
        self.accepted = accepted


class Link(asyncio.Protocol):
    """One WebSocket. What it still receives after its end goes nowhere: its epoch is over."""

    def __init__(self, *, epoch: int, uri: str, authorization: str, on_event: Callable[[wire.Message], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.replaced = False
        self._loop = loop
        self._epoch = epoch
        self._authorization = authorization
        self._on_event = on_event
        self._socket = ClientProtocol(parse_uri(uri), max_size=None)
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._sent = 0
        self._flushing = False
        self._fragments: list[bytes] = []
        self._pings_unanswered = 0
        self._pinger: asyncio.TimerHandle | None = None

    def request(
        self, method: str, uri: str, *, body: object = None, accepted: tuple[int, ...]
    ) -> asyncio.Future[wire.Reply]:
        """Send now. The future fails as `refusal` says, after 3 s with AsteriskSilent, at the end with AsteriskDown."""
        future: asyncio.Future[wire.Reply] = self._loop.create_future()
        if self._socket.state is not State.OPEN:
            future.set_exception(AsteriskDown("Asterisk closed its connection."))
            return future
        self._sent += 1
        request_id = f"{self._epoch}-{self._sent}"
        timer = self._loop.call_later(DEADLINE_S, self._expire, request_id)
        self._waiting[request_id] = _Waiting(future, timer, f"{method} {uri.partition('?')[0]}", accepted)
        request = (
            _Request("RESTRequest", request_id, method, uri)
            if body is None
            else _Request("RESTRequest", request_id, method, uri, "application/json", _encode(body).decode())
        )
        self._socket.send_text(_encode(request))
        if not self._flushing:
            self._flush()  # at once: what is scheduled already may take longer than all that Asterisk does for it
            self._flushing = True
            self._loop.call_soon(self._flush)
        return future

    def close(self) -> None:
        """End the link at once; whoever waits gets AsteriskDown."""
        if self._socket.state is State.OPEN:
            self._socket.send_close(1000)
            self._flush()
        if self._transport is not None:
            self._transport.close()
        self._end()

    def pause(self) -> None:
        """Read no more until `resume`; the socket fills, and Asterisk closes it when it cannot write."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's own are no subclass
        self._transport = transport
        handshake = self._socket.connect()
        handshake.headers["Authorization"] = self._authorization
        self._socket.send_request(handshake)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Frame):
                self._take_frame(event)
            elif self._socket.state is State.OPEN:
                self._schedule_ping()
                if not self.opened.done():
                    self.opened.set_result(None)
        self._flush()
        refused = self._socket.state is State.CONNECTING and self._socket.handshake_exc is not None
        if refused or self._socket.state in (State.CLOSING, State.CLOSED):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._take(frame.data)
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(self._fragments)
                self._fragments.clear()
                self._take(whole)
        elif frame.opcode is Opcode.PONG:
            self._pings_unanswered = 0

    def _take(self, text: bytes | bytearray | memoryview) -> None:
        try:
            message = wire.message(text)
        except ValueError:
            log.exception("A message from Asterisk could not be read", extra={"action": "ari_message_unread"})
            return
        if message.type == "RESTResponse":
            self._take_reply(message)
        elif message.type == "ApplicationReplaced":
            self.replaced = True
            self.close()
        elif not self.ended.done():
            self._on_event(message)

    def _take_reply(self, message: wire.Message) -> None:
        waiting = self._waiting.pop(message.request_id, None)
        if waiting is None:
            return
        waiting.timer.cancel()
        if waiting.future.done():
            return
        status = message.status_code
        if status < 400 or status in waiting.accepted:
            waiting.future.set_result(wire.Reply(status, message.message_body))
        else:
            waiting.future.set_exception(refusal(status, message.message_body, what=waiting.what))

    def _expire(self, request_id: str) -> None:
        waiting = self._waiting.pop(request_id, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_exception(
                AsteriskSilent(f"Asterisk did not answer {waiting.what} within {DEADLINE_S:g} s.")
            )

    def _flush(self) -> None:
        self._flushing = False
        data = b"".join(self._socket.data_to_send())
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _schedule_ping(self) -> None:
        self._pinger = self._loop.call_later(PING_EVERY_S, self._ping)

    def _ping(self) -> None:
        if self._pings_unanswered >= 2:
            log.warning("Asterisk answers no ping on the ARI connection", extra={"action": "ari_silent"})
            self.close()
            return
        self._pings_unanswered += 1
        self._socket.send_ping(b"")
        self._flush()
        self._schedule_ping()

    def _end(self) -> None:
        if self._pinger is not None:
            self._pinger.cancel()
        waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            one.timer.cancel()
            if not one.future.done():
                one.future.set_exception(AsteriskDown(f"The connection was lost before Asterisk answered {one.what}."))
        for future in (self.opened, self.ended):
            if not future.done():
                future.set_result(None)


def refusal(status: int, body: str, *, what: str) -> OutsideError:
    """The error for an answer of 400 or more: the only place that reads ARI's status codes.

    404, 409, 412, 422, and 400 about a channel, mean that the thing is not there or not ours (any more). An originate
    answers 500 "Allocation failed" when the endpoint has no contact.
    """
    gone = status in (404, 409, 412, 422) or (status == 400 and "hannel" in body) or "Allocation failed" in body
    sentence = f"Asterisk refused {what}: {status} {body[:200]}"
    if gone:
        return ChannelGone(sentence)
    if status >= 500:
        return AsteriskSilent(sentence)
    return OutsideError(sentence, transient=False)
