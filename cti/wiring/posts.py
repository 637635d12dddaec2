"""What comes in without a voice at the line: chats, mail, voicemail; and what callers said in surveys."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Self

from cti.asterisk.switch import AsteriskSwitch
from cti.cabinet import Cabinet
from cti.config import Centre
from cti.domain.ids import ProjectId, QueueId
from cti.engine.engine import Engine
from cti.engine.tasks import Supervised
from cti.media.chat import LiveChats
from cti.media.intake import Intake
from cti.media.mailroom import Mailroom
from cti.media.voicemail import VoicemailBoxes
from cti.media.voicemail_keeping import Keeping
from cti.store.chats import StoredChats
from cti.store.surveys import StoredSurveys
from cti.store.uploads import StoredUploads
from cti.store.voicemails import StoredVoicemails
from cti.web.mail_desk import MailDesk
from cti.web.voicemail_desk import VoicemailDesk
from cti.wiring.ground import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """The connectors, their intakes, and what the pages ask of them."""

    ground: Ground
    chats: LiveChats
    mail: Mailroom
    boxes: VoicemailBoxes
    taking: Intake
    keeping: Keeping
    surveys: StoredSurveys
    cabinet: Cabinet

    @classmethod
    async def on(cls, ground: Ground, engine: Engine, switch: AsteriskSwitch) -> Self:
        """All of it; chats are told of each decision."""
        home, centre, messages, metrics = ground.home, ground.centre, ground.messages, ground.metrics
        chats = LiveChats(
            engine=engine, messages=messages, book=StoredChats(ground.database), centre=centre, metrics=metrics
        )
        ground.hub.followers.append(chats.decided)
        cabinet = await asyncio.to_thread(Cabinet.of, home)
        return cls(
            ground=ground,
            chats=chats,
            mail=Mailroom(
                centre=centre,
                engine=engine,
                messages=messages,
                secret=home.secret,
                signing_key=home.secrets.session_key,
                told=ground.hub.mail_changed,
                metrics=metrics,
                leads=ground.seat.leadership.confirmed,
            ),
            boxes=VoicemailBoxes(
                home.voicemail,
                centre=centre,
                contact=ground.history.contact,
                recall=ground.keeper.recall,
                put=cabinet.put,
                metrics=metrics,
            ),
            taking=Intake(engine=engine, messages=messages, told=lambda _: None, metrics=metrics),
            keeping=Keeping(
                home.voicemail,
                centre=centre,
                standing=StoredVoicemails(ground.database).standing,
                tell=switch.set_global,
                metrics=metrics,
            ),
            surveys=StoredSurveys(ground.database),
            cabinet=cabinet,
        )

    @property
    def mail_desk(self) -> MailDesk:
        """For the pages."""
        return MailDesk(
            messages=self.ground.messages, uploads=StoredUploads(self.ground.database), queued=self.mail.queued
        )

    @property
    def voicemail_desk(self) -> VoicemailDesk:
        """For the pages."""
        return VoicemailDesk(messages=self.ground.messages, folder=self.ground.home.voicemail, unseal=self.cabinet.open)

    def begin(self, tasks: Supervised, stack: contextlib.AsyncExitStack) -> None:
        """The engine runs: take in what comes. Connectors end before the chats, which end before all else."""
        tasks.start("chats", self.chats.start)
        stack.push_async_callback(self.chats.stop)
        posts = Supervised()
        stack.push_async_callback(posts.stop)
        self.mail.start(posts.start)
        posts.start("voicemail", lambda: self.taking.run(self.boxes))
        posts.start("surveys", lambda: self.surveys.run(self.ground.home.surveys, project_of=self._project))
        posts.start("voicemail keeping", self.keeping.run)

    def _project(self, queue_id: QueueId) -> ProjectId | None:
        return _project(self.ground.centre, queue_id)


def _project(centre: Centre, queue_id: QueueId) -> ProjectId | None:
    queue = centre.queues.get(queue_id)
    return ProjectId(queue.project) if queue is not None else None
