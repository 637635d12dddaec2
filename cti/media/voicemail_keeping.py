"""How long messages of callers are kept, and how many: a supervised task of the engine.

A kept file goes when its days are over, when its person was erased (his message's row is empty then), and, the oldest
first, when there are too many and its contact is closed. Should that not do, the boxes are full: the dialplan says so
to callers, until there is room.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cti import variables, voicemail
from cti.config import Centre, VoicemailKeeping
from cti.domain.ids import Medium
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports.media import Kept

log = logging.getLogger(__name__)

SWEEP_EVERY_S: Final = 30.0
_DAY_S: Final = 86_400.0
_MB: Final = 1_000_000


class Keeping:
    """Looks after the kept files."""

    def __init__(
        self,
        folder: Path,
        *,
        centre: Centre,
        standing: Callable[[Sequence[str]], Awaitable[Mapping[str, Kept]]],
        tell: Callable[[str, str], Awaitable[None]],
        metrics: Metrics,
    ) -> None:
        """`standing` says of messages by key how they stand, raises DatabaseDown; `tell` sets a global variable of the
        dialplan, raises OutsideError.
        """
        self._folder, self._centre = folder, centre
        self._standing, self._tell = standing, tell
        self._bytes = self._files = 0
        self.full = False
        metrics.gauge("triune_voicemail_files", "Messages of callers that are kept", lambda: self._files)
        metrics.gauge("triune_voicemail_bytes", "Bytes of the messages that are kept", lambda: self._bytes)
        metrics.gauge("triune_voicemail_full", "Whether callers are told that the boxes are full", lambda: self.full)

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.sweep()
            except OutsideError as error:
                log.info("messages are looked after later: %s", error, extra={"action": "voicemail_later"})
            await asyncio.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> None:
        """Delete what is to go, and say whether there is room. Raises OutsideError."""
        rules = self._centre.voicemail
        found = await asyncio.to_thread(self._found)
        standing = await self._standing([voicemail.key_of(path) for _, path, _ in found])
        left = []
        for changed_s, path, size in found:
            known = standing.get(voicemail.key_of(path))
            if (known is not None and known.erased) or time.time() - changed_s > rules.keep_days * _DAY_S:
                path.unlink(missing_ok=True)
            else:
                left.append((path, size, known is not None and known.closed))
        self._make_room(left, rules)
        self.full = self._files >= rules.most or self._bytes >= rules.most_mb * _MB
        await self._tell(variables.VOICEMAIL_FULL, "1" if self.full else "")

    def _make_room(self, left: Sequence[tuple[Path, int, bool]], rules: VoicemailKeeping) -> None:
        self._files, self._bytes = len(left), sum(size for _, size, _ in left)
        for path, size, closed in left:
            if self._files < rules.most and self._bytes < rules.most_mb * _MB:
                return
            if closed:
                path.unlink(missing_ok=True)
                self._files, self._bytes = self._files - 1, self._bytes - size
                log.info("a heard message made room", extra={"action": "voicemail_deleted", "medium": Medium.VOICEMAIL})

    def _found(self) -> list[tuple[float, Path, int]]:
        """The kept files and those not taken yet, the oldest first: changed when (Unix time in s), and their bytes."""
        paths = [*self._folder.glob("*.wav"), *voicemail.kept(self._folder).glob(f"*{voicemail.SEALED}")]
        told = []
        for path in paths:
            try:
                stat = path.stat()
            except FileNotFoundError:  # moved meanwhile: the next sweep finds it
                continue
            told.append((stat.st_mtime, path, stat.st_size))
        return sorted(told)
