"""Files of a folder → contacts, each once; and how long the files stay."""

import os
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from cti import config, shipped, voicemail
from cti.cabinet import Cabinet
from cti.config import Centre, Destination, Voicemail, VoicemailKeeping, Words
from cti.domain.ids import ContactId, Medium, ProjectId, QueueId
from cti.errors import OutsideError
from cti.media.voicemail import VoicemailBoxes
from cti.media.voicemail_keeping import Keeping
from cti.metrics import Metrics
from cti.ports import Particulars, Told
from cti.ports.media import Incoming, Kept

CABINET = Cabinet(secret=bytes(32))
CALLER = "+79161234567"
LEFT = "box-20300102T030405Z-n1-1795331753.7-of-c7"


@pytest.fixture(scope="module")
def centre() -> Centre:
    box = Destination(key="box", name=Words(en="Box", ru="Ящик"), voicemail=Voicemail(prompt="closed", queue="support"))
    read = config.load(shipped.asterisk_conf() / "centre.yaml")
    return read.model_copy(update={"destinations": {"box": box}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "voicemail"
    made.mkdir()
    return made


def record(folder: Path, name: str = LEFT, *, seconds: float = 2.5) -> Path:
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\1\0" * round(8000 * seconds))
    return path


def told(contact_id: ContactId, *, queue: str = "sales") -> Told:
    return Told(
        contact_id=contact_id,
        medium=Medium.VOICE,
        project_id=ProjectId("telecom"),
        queue_id=QueueId(queue),
        arrived_ms=1,
        agent_id=None,
        customer=None,
        address=CALLER,
        disposition=None,
        note="",
        answered_ms=None,
        ended_ms=None,
        closed_ms=None,
        wait_ms=None,
        talk_ms=None,
        hold_ms=None,
        wrap_up_ms=None,
    )


def boxes(folder: Path, centre: Centre, *, known: bool = True, metrics: Metrics | None = None) -> VoicemailBoxes:
    async def contact(contact_id: ContactId) -> Told | None:
        return told(contact_id) if known else None

    async def recall(contact_ids: Sequence[ContactId]) -> Mapping[ContactId, Particulars]:
        return {
            one: Particulars(
                contact_id=one,
                project_id=ProjectId("telecom"),
                medium=Medium.VOICE,
                address=CALLER,
                name="Olga",
                dialled="",
                language="ru",
                path="",
                account="",
            )
            for one in contact_ids
        }

    return VoicemailBoxes(
        folder, centre=centre, contact=contact, recall=recall, put=CABINET.put, metrics=metrics or Metrics()
    )


async def first(connector: VoicemailBoxes) -> Incoming:
    async for incoming in connector.receive():
        return incoming
    raise AssertionError("it ended")


async def test_a_message_is_of_the_caller_who_left_it(folder: Path, centre: Centre) -> None:
    record(folder)
    incoming = await first(boxes(folder, centre))
    assert (incoming.key, incoming.queue_id, incoming.continues) == (f"voicemail:{LEFT}", "support", "c7")
    assert (incoming.address, incoming.name, incoming.language) == (CALLER, "Olga", "ru")


async def test_a_message_waits_where_its_caller_did_when_the_box_says_nothing(folder: Path, centre: Centre) -> None:
    record(folder, LEFT.replace("box-", "elsewhere-"))
    assert (await first(boxes(folder, centre))).queue_id == "sales"


async def test_an_old_message_of_nobody_known_is_taken_all_the_same(folder: Path, centre: Centre) -> None:
    record(folder, "box-20200102T030405Z-n1-1.7-of-c9")
    incoming = await first(boxes(folder, centre, known=False))
    assert (incoming.queue_id, incoming.continues) == ("support", None)


async def test_an_acknowledged_message_is_put_away_sealed(folder: Path, centre: Centre) -> None:
    path = record(folder)
    content = path.read_bytes()
    connector = boxes(folder, centre)
    incoming = await first(connector)
    for _ in range(2):
        await connector.acknowledge(incoming.key)
    kept = voicemail.file_of(incoming.key, folder)
    assert not path.exists()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"RIFF" not in kept.read_bytes()
    with CABINET.open(kept) as sound:
        assert b"".join(sound.read()) == content
    [listed] = voicemail.messages(kept.parent)
    assert (listed.seconds, listed.contact) == (2.5, "c7")
    with pytest.raises(OutsideError), Cabinet(secret=b"x" * 32).open(kept) as sound:
        list(sound.read())


async def test_what_is_too_short_is_dropped_and_counted(folder: Path, centre: Centre) -> None:
    metrics = Metrics()
    short = record(folder, LEFT.replace("-n1-", "-n0-"), seconds=0.9)
    record(folder)
    assert (await first(boxes(folder, centre, metrics=metrics))).key == f"voicemail:{LEFT}"
    assert not short.exists()
    assert "triune_voicemail_dropped_total 1" in metrics.text()


async def test_what_asterisk_never_closed_is_heard_up_to_its_death(folder: Path, centre: Centre) -> None:
    path = record(folder)
    content = bytearray(path.read_bytes())
    content[40:44] = bytes(4)  # the length stands in the head, which is written last
    path.write_bytes(content)
    os.utime(path, (time.time() - 120,) * 2)
    left = path.with_name(f".{path.name}.4194305")
    left.write_bytes(content)  # of one who died while he wrote the head
    await first(boxes(folder, centre))
    [mended] = voicemail.messages(folder)
    assert mended.seconds == 2.5
    assert not left.exists()


async def test_nothing_can_be_sent_to_a_box(folder: Path, centre: Centre) -> None:
    with pytest.raises(OutsideError, match="answered by a call"):
        await boxes(folder, centre).send(None)  # type: ignore[arg-type]  # it looks at nothing of it


# -- how long ----------------------------------------------------------------------------------------------------------


class Clerk:
    """What the tables and the dialplan would be asked and told."""

    def __init__(self, folder: Path, centre: Centre, rules: VoicemailKeeping) -> None:
        self.standing: dict[str, Kept] = {}
        self.told: list[tuple[str, str]] = []
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while the tables are asked."""
        self.keeping = Keeping(
            folder,
            centre=centre.model_copy(update={"voicemail": rules}),
            standing=self._standing,
            tell=self._tell,
            metrics=Metrics(),
        )

    async def _standing(self, keys: Sequence[str]) -> Mapping[str, Kept]:
        self.meanwhile()
        return {key: self.standing[key] for key in keys if key in self.standing}

    async def _tell(self, name: str, value: str) -> None:
        self.told.append((name, value))


def keep(folder: Path, number: int, *, days_old: float = 0) -> Path:
    place = voicemail.kept(folder)
    place.mkdir(exist_ok=True)
    path = record(place, LEFT.replace("c7", f"c{number}")).rename(place / f"{LEFT.replace('c7', f'c{number}')}.sealed")
    os.utime(path, (time.time() - days_old * 86_400 - (100 - number),) * 2)
    return path


async def test_what_is_old_or_of_an_erased_person_is_deleted(folder: Path, centre: Centre) -> None:
    old, erased, fresh = keep(folder, 1, days_old=91), keep(folder, 2), keep(folder, 3)
    clerk = Clerk(folder, centre, VoicemailKeeping())
    clerk.standing[voicemail.key_of(erased)] = Kept(erased=True, closed=True)
    await clerk.keeping.sweep()
    assert [path.exists() for path in (old, erased, fresh)] == [False, False, True]
    assert clerk.told == [("TRIUNE_VOICEMAIL_FULL", "")]


async def test_what_goes_while_the_tables_are_asked_does_not_end_the_sweep(folder: Path, centre: Centre) -> None:
    moved, old = keep(folder, 1), keep(folder, 2, days_old=91)
    clerk = Clerk(folder, centre, VoicemailKeeping())
    clerk.meanwhile = moved.unlink
    await clerk.keeping.sweep()
    assert not old.exists()
    assert clerk.told == [("TRIUNE_VOICEMAIL_FULL", "")]


async def test_the_oldest_that_was_heard_makes_room(folder: Path, centre: Centre) -> None:
    unheard, heard, fresh = keep(folder, 1), keep(folder, 2), keep(folder, 3)
    clerk = Clerk(folder, centre, VoicemailKeeping(most=3))
    clerk.standing[voicemail.key_of(heard)] = Kept(erased=False, closed=True)
    await clerk.keeping.sweep()
    assert [path.exists() for path in (unheard, heard, fresh)] == [True, False, True]
    assert not clerk.keeping.full


async def test_boxes_that_nobody_empties_are_full_and_callers_are_told(folder: Path, centre: Centre) -> None:
    for number in (1, 2, 3):
        keep(folder, number)
    clerk = Clerk(folder, centre, VoicemailKeeping(most=3))
    await clerk.keeping.sweep()
    assert clerk.told == [("TRIUNE_VOICEMAIL_FULL", "1")]
    assert len(list(voicemail.kept(folder).glob("*.sealed"))) == 3
