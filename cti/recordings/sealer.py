"""The process that seals recordings: encoding an hour of talk takes seconds, which the engine's loop has not.

`Sealer` is the engine's side: one child at low priority, made when it is needed, asked one thing at a time by lines of
JSON. The child (`python -m cti.recordings.sealer HOME`) ends with its input, so with the engine, whatever ends that. It
only writes files under names that nobody else uses: what a child does whose engine is gone has no effect.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cti.errors import OutsideError, TriuneError
from cti.recordings.sealing import Result, seal

LIMIT_S: Final = 300.0
"""For one recording; an hour takes some three seconds of an idle machine."""
_NICE: Final = 10


class _Order(Struct, frozen=True, kw_only=True):
    written: str
    target: str
    recording_id: str


class _Answer(Struct, frozen=True, kw_only=True):
    result: Result | None = None
    problem: str = ""


class Sealer:
    """Seals one recording after the other. All calls on one loop."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def seal(self, *, written: Path, target: Path, recording_id: str) -> Result:
        """See `sealing.seal`. Raises OutsideError; then `target` may be there, unfinished."""
        order = _Order(written=str(written), target=str(target), recording_id=recording_id)
        async with self._turn:
            try:
                async with asyncio.timeout(LIMIT_S):
                    answer = await self._ask(order)
            except (TimeoutError, OSError, msgspec.MsgspecError, asyncio.CancelledError) as error:
                await self._end()
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise OutsideError("The process that seals recordings failed; it is started again.") from error
        if answer.result is None:
            raise OutsideError(answer.problem)
        return answer.result

    async def _ask(self, order: _Order) -> _Answer:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cti.recordings.sealer", str(self._home)), stdin=PIPE, stdout=PIPE
            )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(msgspec.json.encode(order) + b"\n")
        await self._child.stdin.drain()
        return msgspec.json.decode(await self._child.stdout.readline(), type=_Answer)

    async def stop(self) -> None:
        """End the child; what it does is done anew by the next engine."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()
            await child.wait()


def serve(home: Path) -> None:
    """The child: answer each line of the input until there is none."""
    os.nice(_NICE)
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=_Order)
        try:
            result = seal(home, written=Path(order.written), target=Path(order.target), recording_id=order.recording_id)
            answer = _Answer(result=result)
        except (OSError, ValueError, TriuneError) as error:
            answer = _Answer(problem=str(error))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
