"""What was said on contacts without a call: kept once, found again, emptied with its person."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cti.crm import register
from cti.crm.register import NewCustomer
from cti.database import Database
from cti.domain.ids import AgentId, ContactId, Medium, ProjectId, QueueId
from cti.ports.media import Attachment, Direction, Incoming, Message, Outgoing, Said, Sending
from cti.store import models
from cti.store.committing import LARGEST_GROUP, GroupCommit
from cti.store.messages import StoredMessages

pytestmark = pytest.mark.server

TELECOM = ProjectId("telecom")
SUPPORT = QueueId("support")
C1, C2, C3 = ContactId("c1"), ContactId("c2"), ContactId("c3")
PLAN = Attachment(name="plan.pdf", media_type="application/pdf", content=b"%PDF\0\xff")


def mail(key: str, *, continues: ContactId | None = None, text: str = "My line is dead") -> Incoming:
    return Incoming(
        key=key,
        medium=Medium.EMAIL,
        project_id=TELECOM,
        queue_id=SUPPORT,
        received_ms=1000,
        address="anna@example.com",
        subject="Help",
        text=text,
        html=f"<p>{text}</p>",
        continues=continues,
        reference=f"<{key}@example.com>",
        attachments=(PLAN,),
    )


def answer(key: str, contact_id: ContactId = C1) -> Outgoing:
    return Outgoing(
        key=key,
        medium=Medium.EMAIL,
        contact_id=contact_id,
        project_id=TELECOM,
        address="anna@example.com",
        subject="Re: Help",
        text="We look into it",
        in_reply_to="<m1@example.com>",
        references=("<m0@example.com>", "<m1@example.com>"),
        attachments=(PLAN,),
    )


@pytest.fixture
def messages(database: Database) -> StoredMessages:
    return StoredMessages(database)


def every_row(connection: Connection, *, kind: type[models.Base]) -> Sequence[sa.Row[tuple[object, ...]]]:
    return connection.execute(sa.select(models.table(kind))).all()


async def test_what_was_kept_is_told_as_it_came(messages: StoredMessages) -> None:
    kept = await messages.keep(C1, mail("m1"))
    assert kept == (await messages.of_contact(C1))[0]
    assert (kept.direction, kept.at_ms, kept.agent_id, kept.sending) == (Direction.IN, 1000, None, None)
    assert (kept.subject, kept.text, kept.html) == ("Help", "My line is dead", "<p>My line is dead</p>")
    assert (kept.reference, kept.address) == ("<m1@example.com>", "anna@example.com")
    ((attachment_id, *rest),) = kept.attachments
    assert rest == ["plan.pdf", "application/pdf", 6]
    assert await messages.attachment(attachment_id) == (C1, PLAN)
    assert await messages.attachment(attachment_id + 1) is None


async def test_a_message_told_again_is_kept_once_with_its_first_contact(messages: StoredMessages) -> None:
    first = await messages.keep(C1, mail("m1"))
    again = await messages.keep(C2, mail("m1"))
    assert again == first
    assert await messages.contact_of("m1") == C1
    assert await messages.contact_of("m2") is None
    assert await messages.of_contact(C2) == []


async def test_a_message_that_came_too_late_goes_over_to_the_contact_that_goes_on(messages: StoredMessages) -> None:
    await messages.keep(C1, mail("m1"))
    await messages.keep(C1, mail("m2", continues=C1))
    await messages.keep(C2, mail("m2", continues=C1))
    assert [one.key for one in await messages.of_contact(C1)] == ["m1"]
    assert [one.key for one in await messages.of_contact(C2)] == ["m1", "m2"]


async def test_messages_that_come_together_share_transactions(messages: StoredMessages) -> None:
    told = [mail(f"m{number}") for number in range(100)] + [mail(f"m{number}") for number in range(100)]
    kept = await asyncio.gather(*(messages.keep(ContactId(f"c{one.key[1:]}"), one) for one in told))
    assert len({one.message_id for one in kept}) == 100
    assert messages.commits <= 3


async def test_an_answer_is_unsent_until_it_is_settled(messages: StoredMessages) -> None:
    for key in ("a1", "a2", "a3"):
        queued = await messages.queue(answer(key), agent_id=AgentId("u1"), at_ms=5)
        assert (queued.direction, queued.sending, queued.agent_id) == (Direction.OUT, Sending.QUEUED, "u1")
    unsent = await messages.unsent(Medium.EMAIL)
    assert unsent == [replace(answer(key), queued_ms=5) for key in ("a1", "a2", "a3")]
    assert await messages.unsent(Medium.CHAT) == []

    await messages.settle("a1", Sending.QUEUED, problem="The mail server says: 450")
    assert [one.key for one in await messages.unsent(Medium.EMAIL)] == ["a2", "a3", "a1"]
    await messages.settle("a1", Sending.SENT, reference="<s1@centre>")
    await messages.settle("a2", Sending.FAILED, problem="Nobody has this address")

    assert [one.key for one in await messages.unsent(Medium.EMAIL)] == ["a3"]
    sent, failed, _ = await messages.of_contact(C1)
    assert (sent.sending, sent.reference) == (Sending.SENT, "<s1@centre>")
    assert (failed.sending, failed.problem) == (Sending.FAILED, "Nobody has this address")
    await messages.settle("a1", Sending.FAILED, problem="It came back")
    assert (await messages.of_contact(C1))[0].sending is Sending.FAILED
    assert [one.key for one in await messages.unsent(Medium.EMAIL, beginning="a")] == ["a3"]
    assert await messages.unsent(Medium.EMAIL, beginning="%") == []


async def test_who_answers_ours_is_found_by_its_reference(messages: StoredMessages) -> None:
    await messages.keep(C1, mail("m1"))
    await messages.queue(answer("a1"), agent_id=AgentId("u1"), at_ms=5)
    await messages.settle("a1", Sending.SENT, reference="<s1@centre>")
    found = await messages.referred("<s1@centre>")
    assert found is not None
    assert (found.contact_id, found.project_id, found.address) == (C1, TELECOM, "anna@example.com")
    assert await messages.referred("<m1@example.com>") is None, "what a customer sent proves nothing"


async def test_a_contact_that_goes_on_from_another_has_the_whole_thread(messages: StoredMessages) -> None:
    await messages.keep(C1, mail("m1"))
    await messages.queue(answer("a1"), agent_id=None, at_ms=2)
    await messages.keep(C2, mail("m2", continues=C1))
    await messages.keep(C3, mail("m3", continues=C2))
    await messages.keep(C3, mail("m4", continues=C3))
    assert [one.key for one in await messages.of_contact(C3)] == ["m1", "a1", "m2", "m3", "m4"]
    assert [one.key for one in await messages.of_contact(C1)] == ["m1", "a1"]
    assert [await messages.going_on_from(one) for one in (C1, C2, C3)] == [[C3, C2], [C3], []]


async def test_what_is_asked_of_each_contact_goes_by_indexes_alone(
    database: Database, messages: StoredMessages
) -> None:
    if not database.is_sqlite:
        pytest.skip("the plan of an empty table says nothing there")
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, given: tuple[object, ...], *_: object) -> None:
        asked.append((statement, given))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    await messages.keep(C1, mail("m1"))
    await messages.queue(answer("a1"), agent_id=None, at_ms=1)
    await messages.unsent(Medium.EMAIL)
    await messages.unsent(Medium.EMAIL, beginning="support:")
    await messages.settle("a1", Sending.SENT)
    await messages.of_contact(C1)
    await messages.going_on_from(C1)
    await messages.contact_of("m1")
    await messages.referred("<m1@example.com>")
    sa.event.remove(database.engine, "before_cursor_execute", note)
    ours = [one for one in asked if one[0].lstrip().startswith(("SELECT", "UPDATE", "WITH"))]

    def planned(connection: Connection) -> list[str]:
        plans = (connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given) for statement, given in ours)
        return [step.detail for plan in plans for step in plan.all()]

    plans = await database.read(planned)
    assert any("ix_messages_sending_medium" in step for step in plans)
    assert not [step for step in plans if step.startswith(("SCAN messages", "SCAN m", "SCAN attachments"))]


async def test_what_the_centre_notes_goes_to_nobody(messages: StoredMessages) -> None:
    said = Said(key="n1", medium=Medium.CHAT, contact_id=C1, project_id=TELECOM, at_ms=3, text="Anna joined")
    noted = await messages.note(said)
    assert (noted.direction, noted.text, noted.sending) == (Direction.SYSTEM, "Anna joined", None)
    assert await messages.unsent(Medium.CHAT) == []


async def test_text_that_no_database_takes_is_made_fit(messages: StoredMessages) -> None:
    kept = await messages.keep(C1, replace(mail("m\0\ud800"), text="a\0b\ud800"))
    assert kept.text == "ab?"


@pytest.mark.lesson(12)
async def test_a_message_that_the_database_refuses_stops_no_other(database: Database) -> None:
    group = GroupCommit(database)

    def refused(connection: Connection) -> None:
        connection.execute(sa.insert(models.table(models.AttachmentRow)).values(message_id=99))

    def counted(connection: Connection) -> int:
        return connection.execute(sa.select(sa.literal(7))).scalar_one()

    results = await asyncio.gather(group.write(counted), group.write(refused), group.write(counted),
                                   return_exceptions=True)  # fmt: skip
    assert (results[0], results[2]) == (7, 7)
    assert isinstance(results[1], sa.exc.IntegrityError)


async def test_a_writer_that_is_cancelled_leaves_the_others_their_turn(messages: StoredMessages) -> None:
    tasks = [asyncio.ensure_future(messages.keep(C1, mail(f"m{number}"))) for number in range(2 * LARGEST_GROUP)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    kept: list[Message | BaseException] = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(kept[0], asyncio.CancelledError)
    assert all(isinstance(one, Message) for one in kept[1:])


async def test_an_erased_person_is_in_no_message_any_more(database: Database, messages: StoredMessages) -> None:
    customer_id = await register.add(
        database, NewCustomer(project_id=TELECOM, name="Anna Orlova", addresses=("anna@example.com",))
    )
    await messages.keep(C1, mail("m1", text="Yours, Anna"))
    await messages.queue(answer("a1"), agent_id=AgentId("u1"), at_ms=5)

    await register.erase(database, customer_id)

    for kind in (models.MessageRow, models.AttachmentRow):
        rows = repr(await database.read(partial(every_row, kind=kind)))
        for trace in ("nna", "example.com", "PDF", "look into"):
            assert trace not in rows
    assert await messages.contact_of("m1") == C1, "told again it is known"
