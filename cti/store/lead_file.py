"""Leadership among the engines of one machine: an exclusive lock on a file in the home.

The kernel lets go of the lock when its holder dies, however that dies, and at once; so the next one leads within
milliseconds, and nobody takes the lead from one who lives. A frozen leader keeps it until its supervisor kills it. The
epoch stands in a file beside the lock. Made by `cti.app`; across machines it is the database's affair.
"""

import asyncio
import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Final

from cti.errors import OutsideError
from cti.home import write_private
from cti.ports import Epoch

LOCK: Final = "lead.lock"
EPOCH: Final = "lead.epoch"


class FileLeadership:
    """`ports.Leadership` by `FOLDER/lead.lock`; one of them a process."""

    def __init__(self, folder: Path, *, numbered: bool = True) -> None:
        """`numbered`: the reigns are numbered here; else each is 0, and whoever leads by it asks elsewhere."""
        self._folder = folder
        self._numbered = numbered
        self._lock: int | None = None
        self._epoch = Epoch(0)

    async def gained(self) -> Epoch:
        """See `ports.Leadership`. Raises OutsideError when the folder cannot be written or the epoch be read."""
        if self._lock is None:
            lock = await _locked(self._folder / LOCK)
            try:
                if self._numbered:
                    self._epoch = await asyncio.to_thread(self._next_epoch)
            except BaseException:  # cancelled, too: whoever does not lead holds no lock
                os.close(lock)
                raise
            self._lock = lock
        return self._epoch

    async def lost(self) -> None:
        """See `ports.Leadership`: only the process's death ends it."""
        await asyncio.get_running_loop().create_future()

    @property
    def leads(self) -> bool:
        """See `ports.Leadership`."""
        return self._lock is not None

    async def confirmed(self) -> bool:
        """At once: the lock cannot be taken from one who lives."""
        return self.leads

    def resign(self) -> None:
        """Let the next one lead; to be called when nothing more is written or sent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _next_epoch(self) -> Epoch:
        """One more than the last, on disk before it counts."""
        path = self._folder / EPOCH
        try:
            before = int(path.read_text(encoding="ascii")) if path.exists() else 0
            write_private(path, str(before + 1))
        except (OSError, ValueError) as error:
            raise OutsideError(f"{path} cannot be used: {error}. Check the disk, or write a number into it.") from error
        return Epoch(before + 1)


async def _locked(path: Path) -> int:
    """A descriptor that holds the lock, however long that takes; may be cancelled. Raises OutsideError."""
    loop = asyncio.get_running_loop()
    holds: asyncio.Future[None] = loop.create_future()
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OutsideError(f"{path} cannot be opened: {error.strerror}. Check the disk and its owner.") from error

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends, and the lock with it
            loop.call_soon_threadsafe(take)

    def take() -> None:
        if holds.cancelled():
            os.close(descriptor)
        else:
            holds.set_result(None)

    # of its own, as a daemon: nothing can call the thread back from the kernel, and nobody must wait for it at the end
    threading.Thread(target=wait, name="leadership", daemon=True).start()
    await holds
    return descriptor
