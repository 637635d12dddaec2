"""Mail over the API: who may read a thread, who may answer, and what becomes of an answer."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cti.config import MailAccount
from cti.domain.events import ContactArrived, OfferAccepted
from cti.domain.ids import AssignmentId, ContactId, Medium, ProjectId, QueueId
from cti.ports import Arrival
from cti.ports.media import Attachment, Direction, Incoming, Message, Outgoing
from cti.store.messages import StoredMessages
from cti.web import mail_desk
from cti.web.mail_desk import Names
from cti.web.mail_messages import NewAnswer
from tests.web import world as worlds
from tests.web.world import World, centre

ANNA = "olga@customer.test"
ACCOUNT = MailAccount.model_validate(
    {
        "key": "support",
        "name": {"en": "Severny", "ru": "Северный"},
        "address": "support@centre.test",
        "queue": "support",
        "imap": {"host": "imap.test", "user": "x", "secret": "mail"},
        "smtp": {"host": "smtp.test", "user": "x", "secret": "mail"},
        "signature": {"en": "Yours, {{ agent }}", "ru": "Ваш {{ agent }}"},
    }
)
C7, TELECOM = ContactId("c7"), ProjectId("telecom")
NAMES = Names(customer="Olga {{ 7 * 7 }}", agent="Anna", subject="Help", contact_id=C7, project_id=TELECOM)
_NUMBERS = itertools.count(1)


def message(direction: str, *, address: str = ANNA, text: str = "My line\nis dead", reference: str = "") -> Message:
    number = next(_NUMBERS)
    return Message(
        message_id=number,
        contact_id=ContactId("c7"),
        direction=Direction(direction),
        at_ms=0,
        key=f"email:support:{number}",
        agent_id=None,
        subject="Help",
        text=text,
        html="",
        reference=reference,
        sending=None,
        address=address,
    )


def outgoing(thread: Sequence[Message], **changed: Any) -> Outgoing:
    given = NewAnswer(key="key-of-page", to=ANNA, subject="Re: Help", text="We look", language="en")
    return mail_desk.outgoing(
        given.model_copy(update=changed), account=ACCOUNT, thread=thread, names=NAMES, centre=centre(), files=()
    )


def test_an_answer_has_its_signature_the_quote_and_the_whole_thread() -> None:
    thread = [message("in", reference="<a@x>"), message("out", reference="<b@x>"), message("in", reference="<c@x>")]
    made = outgoing(thread)
    assert made.text.startswith("We look\n\n-- \nYours, Anna\n\n01.01.1970")
    assert made.text.endswith("olga@customer.test:\n> My line\n> is dead\n")
    assert (made.in_reply_to, made.references) == ("<c@x>", ("<a@x>", "<b@x>", "<c@x>"))
    assert made.key == "email:support:c7:key-of-page"


def test_an_answer_may_go_without_the_quote() -> None:
    assert outgoing([message("in")], quote=False).text == "We look\n\n-- \nYours, Anna\n"


def test_who_wrote_last_is_the_first_to_be_answered() -> None:
    thread = [message("in"), message("in", address="eve@other.test"), message("out", address="x@y.z")]
    assert mail_desk.recipients(thread, "new@customer.test") == ["eve@other.test", ANNA, "new@customer.test"]
    assert mail_desk.recipients([], "+79165550001") == []


def test_what_a_customer_calls_himself_is_no_template() -> None:
    answers = mail_desk.ready_answers(centre(), NAMES, reader="ru")
    assert "Olga {{ 7 * 7 }}" in answers[0].text["en"]
    assert answers[0].title == "Перезапустить роутер"
    assert {answer.id for answer in answers} == {"restart", "passed_on"}, "of his project only"


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def world(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A centre with a mail account."""
    changed = worlds.centre().model_copy(update={"mail": {"support": ACCOUNT}})
    monkeypatch.setattr(worlds, "centre", lambda: changed)
    async with worlds.running(template, tmp_path) as found:
        yield found


@asynccontextmanager
async def working(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, AssignmentId, ContactId]]:
    """Anna works on a mail with a file."""
    client, page = await world.ready()
    contact_id = await world.engine.arrive(
        ContactArrived(medium=Medium.EMAIL, queue_id=QueueId("support"), arrived_ms=world.engine.now()),
        Arrival(address=ANNA, name="Olga", language="ru", subject="Help"),
    )
    incoming = Incoming(
        key="email:support:m1",
        medium=Medium.EMAIL,
        project_id=TELECOM,
        queue_id=QueueId("support"),
        received_ms=1,
        address=ANNA,
        subject="Help",
        text="My line is dead",
        reference="<m1@customer.test>",
        attachments=(Attachment(name="<b>.html", media_type="text/html", content=b"<script>1</script>"),),
    )
    await StoredMessages(world.database).keep(contact_id, incoming)
    (assignment,) = world.engine.state.assignments.values()
    yield client, assignment.id, contact_id
    await page.socket.close()
    await client.aclose()


def given(**changed: object) -> dict[str, object]:
    return {"key": "key-of-page", "to": ANNA, "subject": "Re: Help", "text": "We look", "language": "ru"} | changed


@pytest.mark.server
async def test_only_who_has_taken_a_mail_up_answers_it(world: World) -> None:
    async with working(world) as (client, assignment_id, contact_id):
        path = f"/api/v1/assignments/{assignment_id}/answer"
        refused = await client.post(path, json=given())
        assert (refused.status_code, refused.json()["code"]) == (409, "mail_not_active")
        world.engine.do(OfferAccepted(assignment_id=assignment_id))
        for other in ("boris", "sveta"):
            stranger = await world.client(other)
            assert (await stranger.post(path, json=given())).status_code == 404
            await stranger.aclose()
        assert (await client.post(path, json=given(to="eve@other.test"))).json()["code"] == "mail_no_recipient"
        assert world.queued == []

        for _ in range(2):
            sent = await client.post(path, json=given())
            assert (sent.status_code, sent.json()["sending"]) == (201, "queued")
        thread = (await client.get(f"/api/v1/contacts/{contact_id}/messages")).json()
        assert [one["direction"] for one in thread] == ["in", "out"], "told twice, it is once"
        assert {one.key for one in world.queued} == {f"email:support:{contact_id}:key-of-page"}
        assert world.queued[0].in_reply_to == "<m1@customer.test>"


@pytest.mark.server
async def test_a_thread_and_its_files_are_read_by_its_project_alone(world: World) -> None:
    async with working(world) as (client, _, contact_id):
        (message,) = (await client.get(f"/api/v1/contacts/{contact_id}/messages")).json()
        (file,) = message["files"]
        path = f"/api/v1/contacts/{contact_id}/files/{file['file_id']}"
        found = await client.get(path)
        assert found.content == b"<script>1</script>"
        assert found.headers["content-type"] == "application/octet-stream"
        assert found.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Cb%3E.html"
        assert found.headers["x-content-type-options"] == "nosniff"
        for other, status in (("boris", 404), ("sveta", 200), ("root", 200)):
            reader = await world.client(other)
            assert (await reader.get(path)).status_code == status
            assert (await reader.get(f"/api/v1/contacts/{contact_id}/messages")).status_code == status
            await reader.aclose()
        assert (await client.get(f"/api/v1/contacts/{contact_id}/files/{file['file_id'] + 1}")).status_code == 404


@pytest.mark.server
async def test_files_wait_for_the_answer_and_go_with_it(world: World) -> None:
    async with working(world) as (client, assignment_id, _):
        world.engine.do(OfferAccepted(assignment_id=assignment_id))
        path = f"/api/v1/assignments/{assignment_id}/answer"
        for name in ("one.txt", "two.txt"):
            put = await client.post(f"{path}/files", params={"name": name}, content=b"x" * 300_000)
            assert put.status_code == 201, put.text
        first, second = (await client.get(path)).json()["files"]
        assert (first["name"], second["size"]) == ("one.txt", 300_000)
        await client.delete(f"{path}/files/{first['file_id']}")
        too_large = await client.post(f"{path}/files", params={"name": "big"}, content=b"x" * 18_100_000)
        assert too_large.status_code == 413
        assert (await client.post(f"{path}/files", params={"name": "none"})).json()["code"] == "mail_file_empty"
        assert (await client.post(path, json=given())).status_code == 201
        assert [one.name for one in world.queued[0].attachments] == ["two.txt"]
        assert (await client.get(path)).json()["files"] == []


@pytest.mark.server
async def test_the_page_of_who_works_on_it_hears_of_more_mail(world: World) -> None:
    client, page = await world.ready()
    contact_id = await world.engine.arrive(
        ContactArrived(medium=Medium.EMAIL, queue_id=QueueId("support"), arrived_ms=world.engine.now()),
        Arrival(address=ANNA),
    )
    world.hub.mail_changed(contact_id)
    assert (await page.next("mail"))["contact_id"] == contact_id
    await client.aclose()
