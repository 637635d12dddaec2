"""Voice messages over the API: who may hear one, and what of it is sent."""

import wave
from pathlib import Path

import pytest

from cti import voicemail
from cti.domain.events import ContactArrived
from cti.domain.ids import ContactId, Medium, ProjectId, QueueId
from cti.ports import Arrival
from cti.ports.media import Incoming
from cti.store.messages import StoredMessages
from cti.store.voicemails import StoredVoicemails
from tests.web.world import CABINET, KNOWN, PASSWORD, World

pytestmark = pytest.mark.server

STEM = "box-20300102T030405Z-n1-1795331753.7-of-c7"


async def left(world: World, folder: Path) -> tuple[ContactId, Path, bytes]:
    """A message of a known caller, as `cti.media.voicemail` leaves it."""
    contact_id = await world.engine.arrive(
        ContactArrived(medium=Medium.VOICEMAIL, queue_id=QueueId("support"), arrived_ms=world.engine.now()),
        Arrival(address=KNOWN),
    )
    incoming = Incoming(
        key=voicemail.KEY + STEM,
        medium=Medium.VOICEMAIL,
        project_id=ProjectId("telecom"),
        queue_id=QueueId("support"),
        received_ms=1_893_553_445_000,
        address=KNOWN,
        text="2 s",
    )
    await StoredMessages(world.database).keep(contact_id, incoming)
    recorded = folder / "recorded.wav"
    with wave.open(str(recorded), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\1\2" * 16_000)
    content = recorded.read_bytes()
    file = voicemail.file_of(incoming.key, folder / "voicemail")
    file.parent.mkdir(parents=True)
    CABINET.put(recorded, file)
    return contact_id, file, content


async def test_a_message_is_heard_by_its_agent_and_supervisors_alone(world: World, tmp_path: Path) -> None:
    client, page = await world.ready()
    contact_id, file, content = await left(world, tmp_path)
    about = await client.get(f"/api/v1/contacts/{contact_id}/voicemail")
    assert about.json() == {"received_ms": 1_893_553_445_000, "seconds": 2.0}
    sound = f"/api/v1/contacts/{contact_id}/voicemail/sound"
    whole = await client.get(sound)
    assert (whole.status_code, whole.content) == (200, content)
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("audio/wav", "bytes")
    part = await client.get(sound, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert (await client.get(sound, headers={"Range": "bytes=999999-"})).status_code == 416
    colleague = {"login": "clara", "name": "Clara", "project_ids": ["telecom"], "extension": "103"}
    root = await world.client("root")
    assert (await root.post("/api/v1/people", json={**colleague, "password": PASSWORD})).is_success
    for other, status in (("boris", 404), ("clara", 404), ("sveta", 200), ("root", 200)):
        listener = await world.client(other)
        assert (await listener.get(sound)).status_code == status
        await listener.aclose()
    file.unlink()
    assert (await client.get(sound)).json()["code"] == "voicemail_gone"
    assert (await client.get(f"/api/v1/contacts/{contact_id}/voicemail")).json()["seconds"] is None
    await page.socket.close()
    await client.aclose()


async def test_a_contact_of_another_medium_has_no_message(world: World) -> None:
    client, page = await world.ready()
    contact_id = world.engine.caller()
    assert (await client.get(f"/api/v1/contacts/{contact_id}/voicemail")).status_code == 404
    await page.socket.close()
    await client.aclose()


async def test_the_tables_tell_whose_message_was_erased(world: World, tmp_path: Path) -> None:
    from cti.crm import register

    await left(world, tmp_path)
    stored = StoredVoicemails(world.database)
    key = voicemail.KEY + STEM
    standing = (await stored.standing([key, "voicemail:none"]))[key]
    assert (standing.erased, standing.closed) == (False, False)
    await register.erase(world.database, 1)
    assert (await stored.standing([key]))[key].erased
