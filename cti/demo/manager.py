"""A client of an Asterisk manager interface (AMI), as small as the demo needs.

Here: the wire, one action at a time or many at once, each with a deadline, and the events as they come. Not here: what
they mean (`cti.demo.carrier`), and reconnecting: when the emulated carrier goes, the demo that drives it is over.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self

from cti.errors import AsteriskDown, OutsideError

ANSWER_LIMIT_S: Final = 5.0
_LONGEST: Final = 1 << 20
"""Bytes of one message; the carrier's are below 2 KB."""

Fields = Mapping[str, str]


class Manager:
    """One signed-in connection. `on_event` gets every event in order, on the loop, and must not block."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: Callable[[Fields], None]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Fields]] = {}
        self._reading = asyncio.create_task(self._read(), name="carrier's manager interface")

    @classmethod
    async def connect(
        cls, address: str, port: int, *, user: str, secret: str, on_event: Callable[[Fields], None]
    ) -> Self:
        """Connect and sign in. Raises AsteriskDown when nobody answers, OutsideError when the secret is refused."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                reader, writer = await asyncio.open_connection(address, port, limit=_LONGEST)
                await reader.readline()  # the greeting
        except (OSError, TimeoutError) as error:
            raise AsteriskDown(f"The emulated carrier does not answer on {address}:{port}.") from error
        manager = cls(reader, writer, on_event)
        try:
            await manager.ask("Login", {"Username": user, "Secret": secret, "Events": "on"})
        except BaseException:  # cancelled, too: nobody else would close it
            await manager.close()
            raise
        return manager

    @property
    def closed(self) -> asyncio.Task[None]:
        """Done when the connection is gone."""
        return self._reading

    async def ask(
        self, action: str, fields: Fields, *, variables: Iterable[tuple[str, str]] = (), action_id: str | None = None
    ) -> Fields:
        """Have an action done; returns the answer. Events that belong to the action carry `action_id`.

        Raises AsteriskDown without an answer in `ANSWER_LIMIT_S`, OutsideError when it is refused.
        """
        if self._reading.done():
            raise AsteriskDown("The emulated carrier has gone away.")
        action_id = action_id or str(next(self._ids))
        lines = [f"Action: {action}", f"ActionID: {action_id}"]
        lines += [f"{_line(name)}: {_line(value)}" for name, value in fields.items()]
        lines += [f"Variable: {_line(name)}={_line(value)}" for name, value in variables]
        answer = self._asked[action_id] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._writer.drain()
                answered: Fields = await answer
        except (OSError, TimeoutError) as error:
            raise AsteriskDown(f"The emulated carrier did not answer to {action}.") from error
        finally:
            del self._asked[action_id]
        if answered.get("Response") == "Error":
            raise OutsideError(
                f"The emulated carrier refused {action}: {answered.get('Message', '')}.", transient=False
            )
        return answered

    async def close(self) -> None:
        """Leave; twice is as good as once."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            while True:
                self._take(_fields((await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(AsteriskDown("The emulated carrier has gone away."))

    def _take(self, message: Fields) -> None:
        if "Event" in message:
            self._on_event(message)
        elif (answer := self._asked.get(message.get("ActionID", ""))) is not None and not answer.done():
            answer.set_result(message)


def _fields(message: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(": ") for line in message.split("\r\n")) if name}


def _line(text: str) -> str:
    """A field must not begin another."""
    if any(ord(mark) < 32 for mark in text):
        raise OutsideError("A value with a line break cannot be sent to the carrier.", transient=False)
    return text
