"""Messages in voicemail boxes as `ports.media.Connector`: what callers left becomes contacts.

The dialplan records, whether the engine runs or not; here the folder is looked at every second, so that a message that
was left while the engine was dead is found by the next. A message is known by its file's name; once it is a contact its
file is sealed in `kept`. Whose it is, is known from the contact that its caller was: its queue from
history, number and name from its particulars. Not here: how long files are kept (`cti.media.voicemail_keeping`).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cti import voicemail
from cti.config import Centre
from cti.domain.ids import ContactId, Medium, Milliseconds, ProjectId, QueueId
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Particulars, Told
from cti.ports.media import Incoming, Outgoing
from cti.voicemail import Message

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
CLOSED_AFTER_S: Final = 60.0
"""A file that nothing was added to for so long, and whose head says nothing, is one that Asterisk will never close."""
UNKNOWN_AFTER_S: Final = 120.0
"""For so long the contact of a message's caller is waited for: history is written behind the engine."""
MOST_UNACKNOWLEDGED: Final = 64


class VoicemailBoxes:
    """See `ports.media.Connector`: all boxes of the centre."""

    def __init__(
        self,
        folder: Path,
        *,
        centre: Centre,
        contact: Callable[[ContactId], Awaitable[Told | None]],
        recall: Callable[[Sequence[ContactId]], Awaitable[Mapping[ContactId, Particulars]]],
        put: Callable[[Path, Path], None],
        metrics: Metrics,
    ) -> None:
        """`folder` is where the dialplan records; `contact` and `recall` raise DatabaseDown. `put` seals a file as
        another and removes it: done twice it is done once, blocks, raises OSError.
        """
        self._put = put
        self._folder, self._centre = folder, centre
        self._contact, self._recall = contact, recall
        self._handed_out: set[str] = set()
        self._dropped = metrics.counter("triune_voicemail_dropped_total", "Messages that were too short to be any")

    @property
    def medium(self) -> Medium:
        """See `ports.media.Connector`."""
        return Medium.VOICEMAIL

    @property
    def name(self) -> str:
        """See `ports.media.Connector`."""
        return "voicemail"

    async def receive(self) -> AsyncIterator[Incoming]:
        """See `ports.media.Connector`; at most `MOST_UNACKNOWLEDGED` are handed out."""
        self._handed_out.clear()
        while True:
            for message in await asyncio.to_thread(self._look):
                key = voicemail.key_of(message.file)
                if key in self._handed_out or len(self._handed_out) >= MOST_UNACKNOWLEDGED:
                    continue
                incoming = await self._incoming(message, key)
                if incoming is not None:
                    self._handed_out.add(key)
                    yield incoming
            await asyncio.sleep(LOOK_EVERY_S)

    async def acknowledge(self, key: str) -> None:
        """See `ports.media.Connector`: the file goes to the kept ones, sealed."""
        target = voicemail.file_of(key, self._folder)
        source = self._folder / f"{target.stem}.wav"
        try:
            await asyncio.to_thread(self._put, source, target)
        except OSError as error:
            raise OutsideError(f"A message cannot be moved: {error.strerror}.", transient=True) from error
        self._handed_out.discard(key)

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.media.Connector`: nothing can be sent to whoever left a message."""
        raise OutsideError("A voice message is answered by a call.", transient=False)

    # -- what lies there ---------------------------------------------------------------------------------------------

    def _look(self) -> list[Message]:
        """The messages that are whole; those that are none are dropped. Blocks on the disk."""
        self._close_what_was_left()
        whole = []
        for message in voicemail.messages(self._folder):
            if message.seconds >= self._centre.voicemail.shortest_s:
                whole.append(message)
            elif message.seconds or _is_old(message.file):
                message.file.unlink(missing_ok=True)
                self._dropped.add()
                log.info("a message was too short", extra={"action": "voicemail_dropped", "box": message.box})
        return whole

    def _close_what_was_left(self) -> None:
        """What Asterisk did not close before it died."""
        known = {message.file for message in voicemail.messages(self._folder) if message.seconds}
        for path in self._folder.glob("*.wav"):
            if path not in known and _is_old(path) and voicemail.recorded_s(path):
                voicemail.mend(path)

    async def _incoming(self, message: Message, key: str) -> Incoming | None:
        """The message as a request; None while it is not known whose it is."""
        told = await self._contact(message.contact) if message.contact is not None else None
        if told is None and time.time() - message.at.timestamp() < UNKNOWN_AFTER_S:
            return None
        known = (await self._recall((message.contact,))).get(message.contact) if message.contact is not None else None
        queue_id, project_id = self._queue(message, told)
        return Incoming(
            key=key,
            medium=Medium.VOICEMAIL,
            project_id=project_id,
            queue_id=queue_id,
            received_ms=_milliseconds(message),
            address=known.address if known is not None else "",
            name=known.name if known is not None else "",
            language=(known.language if known is not None else "") or "en",
            text=f"{message.seconds:.0f} s",
            continues=told.contact_id if told is not None else None,
        )

    def _queue(self, message: Message, told: Told | None) -> tuple[QueueId, ProjectId]:
        """The box's queue if it is of the caller's project, else the one that he was in, else the first operator's."""
        place = self._centre.destinations.get(message.box)
        named = place.voicemail.queue if place is not None and place.voicemail is not None else None
        queues = self._centre.queues
        if named is not None and named in queues and (told is None or queues[named].project == told.project_id):
            return QueueId(named), ProjectId(queues[named].project)
        if told is not None and told.queue_id in queues:
            return told.queue_id, told.project_id
        if told is not None and told.project_id in self._centre.projects:
            return QueueId(self._centre.projects[told.project_id].operator), told.project_id
        key, project = next(iter(self._centre.projects.items()))
        return QueueId(project.operator), ProjectId(key)


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > CLOSED_AFTER_S


def _milliseconds(message: Message) -> Milliseconds:
    """When it was left: the name tells when it began."""
    return round((message.at.timestamp() + message.seconds) * 1000)
