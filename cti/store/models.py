"""The tables, in DESIGN's words. No query lives here; `cti.store` and the migrations read it, nobody else.

Instants are Unix milliseconds; names in both languages stand side by side. What belongs to a customer and must be
erasable stands in `customers`, `addresses`, `contracts`, `contact_particulars`, `notes`, `messages`, `attachments`
and `leads` only; all else holds ids, but for the numbers of `do_not_call`.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers its rows only when the key is INTEGER; its integers have 64 bits anyway."""


class Base(DeclarativeBase):
    """Whose metadata the migrations are compared with."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {int: _NUMBER, str: Text()}


# -- the centre --------------------------------------------------------------------------------------------------------


class Project(Base):
    """A client company; known from the centre file."""

    __tablename__ = "projects"

    project_id: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_ru: Mapped[str]


class Skill(Base):
    """What agents have at a level and queues ask for."""

    __tablename__ = "skills"

    skill_id: Mapped[str] = mapped_column(primary_key=True)
    name_en: Mapped[str]
    name_ru: Mapped[str]


class CodeRow(Base):
    """A project's disposition or reason not to be ready."""

    __tablename__ = "codes"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    title_en: Mapped[str]
    title_ru: Mapped[str]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


# -- people ------------------------------------------------------------------------------------------------------------


class PersonRow(Base):
    """A user of the desktop."""

    __tablename__ = "people"
    __table_args__ = ({"sqlite_autoincrement": True},)

    person_id: Mapped[int] = mapped_column(primary_key=True)
    """Never given twice: `u<person_id>` stands in journals."""
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    extension: Mapped[str | None] = mapped_column(unique=True)
    sip_secret: Mapped[str | None]
    """In clear, since the switch and the softphone need it so; protected by the file's mode or the server's grants."""
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    site_id: Mapped[str | None]
    """Key of a site in the centre file."""
    capacity: Mapped[str | None]
    """Key of a capacity profile in the centre file."""
    sessions_from_ms: Mapped[int] = mapped_column(default=0)
    """Sessions begun before count no more."""


class PersonSkill(Base):
    """A person's level, 1–10, in one skill."""

    __tablename__ = "person_skills"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.person_id"), primary_key=True)
    skill_id: Mapped[str] = mapped_column(ForeignKey("skills.skill_id"), primary_key=True)
    level: Mapped[int]


class PersonProject(Base):
    """The projects whose contacts a person may see and handle."""

    __tablename__ = "person_projects"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.person_id"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)


class OneTimeLink(Base):
    """A sign-in without password, once; only a digest of its token is kept."""

    __tablename__ = "one_time_links"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.person_id"))
    expires_ms: Mapped[int]


class EndedSession(Base):
    """One session that was signed out before its time."""

    __tablename__ = "ended_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    until_ms: Mapped[int]
    """When it would have ended anyway; then it may be forgotten."""


class DeskSeat(Base):
    """Somebody has logged in at a desk phone."""

    __tablename__ = "desk_seats"

    desk: Mapped[str] = mapped_column(primary_key=True)
    """Key in the centre file."""
    agent_id: Mapped[str] = mapped_column(unique=True)
    before: Mapped[str]
    """Which of his phones rang before."""
    since_ms: Mapped[int]


class DeskPin(Base):
    """By what somebody logs in at a desk phone."""

    __tablename__ = "desk_pins"

    agent_id: Mapped[str] = mapped_column(primary_key=True)
    pin_hash: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    locked_until_ms: Mapped[int] = mapped_column(default=0)


class FailedSignIn(Base):
    """Wrong passwords in a row for one login from one address; the login need not exist."""

    __tablename__ = "failed_sign_ins"

    login: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    retry_at_ms: Mapped[int]


class Deed(Base):
    """Who changed what."""

    __tablename__ = "audit"

    deed_id: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str]


# -- customers ---------------------------------------------------------------------------------------------------------


class Customer(Base):
    """A person or company that contacts a project."""

    __tablename__ = "customers"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    tier: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    manager: Mapped[int | None]
    """`people.person_id` of the relationship manager; people are never deleted."""


class Address(Base):
    """What identifies a customer within a project."""

    __tablename__ = "addresses"
    __table_args__ = (UniqueConstraint("project_id", "value"),)

    address_id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.customer_id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """`phone`, `email` or `handle`."""
    value: Mapped[str]
    """E.164 with +, or the e-mail address in small letters."""


class ContractRow(Base):
    """A customer's contract with the project."""

    __tablename__ = "contracts"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    contract_id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.customer_id", ondelete="CASCADE"), index=True)
    number: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    balance_minor: Mapped[int]
    currency: Mapped[str]
    ends_on: Mapped[str | None]


class AccountPin(Base):
    """The PIN of a contract for self-service, hashed, and its wrong tries in a row."""

    __tablename__ = "account_pins"

    contract_id: Mapped[int] = mapped_column(
        ForeignKey("contracts.contract_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account: Mapped[str] = mapped_column(unique=True)
    """The number that callers enter, their contract's; unique over all projects."""
    pin_hash: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    locked_until_ms: Mapped[int] = mapped_column(default=0)


class DoNotCallRow(Base):
    """A number that is not to be called; outlives the erasure of the person, as it must."""

    __tablename__ = "do_not_call"

    project_id: Mapped[str] = mapped_column(primary_key=True)
    """Empty: no project may."""
    number: Mapped[str] = mapped_column(primary_key=True)
    """E.164 with +."""
    added_ms: Mapped[int]
    actor: Mapped[str]
    reason: Mapped[str]


# -- history -----------------------------------------------------------------------------------------------------------


class ContactParticulars(Base):
    """What belongs to a person in a contact; written as it arrives, emptied when the person is erased."""

    __tablename__ = "contact_particulars"

    contact_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(index=True)
    medium: Mapped[str]
    address: Mapped[str]
    name: Mapped[str]
    dialled: Mapped[str]
    language: Mapped[str]
    path: Mapped[str]
    account: Mapped[str]
    subject: Mapped[str]

    __table_args__ = (Index(None, "project_id", "address"),)


class ContactRow(Base):
    """The ledger of contacts, projected from the journal."""

    __tablename__ = "contacts"
    __table_args__ = (Index(None, "project_id", "arrived_ms"), Index(None, "agent_id", "arrived_ms"))

    contact_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    queue_id: Mapped[str]
    medium: Mapped[str]
    arrived_ms: Mapped[int]
    queued_ms: Mapped[int]
    answered_ms: Mapped[int | None]
    ended_ms: Mapped[int | None]
    closed_ms: Mapped[int | None]
    wait_ms: Mapped[int | None]
    talk_ms: Mapped[int | None]
    hold_ms: Mapped[int | None]
    wrap_up_ms: Mapped[int | None]
    offered: Mapped[int] = mapped_column(default=0)
    abandoned: Mapped[bool] = mapped_column(default=False)
    agent_id: Mapped[str | None]
    disposition: Mapped[str | None]
    outbound: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An agent asked for it: nobody waited."""


class AssignmentRow(Base):
    """Every offer, projected from the journal."""

    __tablename__ = "assignments"
    __table_args__ = (Index(None, "agent_id", "offered_ms"),)

    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(index=True)
    agent_id: Mapped[str]
    offered_ms: Mapped[int]
    pop_ms: Mapped[int | None]
    pop_late: Mapped[bool] = mapped_column(default=False)
    rung_ms: Mapped[int | None]
    started_ms: Mapped[int | None]
    held_since_ms: Mapped[int | None]
    hold_ms: Mapped[int] = mapped_column(default=0)
    wrap_up_started_ms: Mapped[int | None]
    closed_ms: Mapped[int | None]
    talk_ms: Mapped[int | None]
    outcome: Mapped[str | None]
    cause: Mapped[str | None]
    ended_by: Mapped[str | None]
    disposition: Mapped[str | None]
    why: Mapped[str]
    """`facts.Why` as JSON."""
    dialled_ms: Mapped[int | None]
    """When the customer was dialled first, of one who is called."""
    reached_ms: Mapped[int | None]
    missed: Mapped[str | None]
    """Why the customer was not reached."""


class ReadinessRow(Base):
    """When an agent became ready, not ready or offline; projected from the journal."""

    __tablename__ = "readiness"
    __table_args__ = (Index(None, "agent_id", "at_ms"),)

    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Place of the fact within its entry."""
    agent_id: Mapped[str]
    at_ms: Mapped[int]
    readiness: Mapped[str]
    reason: Mapped[str | None]


class NoteRow(Base):
    """What an agent wrote about a contact in his wrap-up."""

    __tablename__ = "notes"

    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(index=True)
    agent_id: Mapped[str]
    at_ms: Mapped[int]
    text: Mapped[str]


# -- contacts without a call -------------------------------------------------------------------------------------------


class MessageRow(Base):
    """What was said on a contact without a call; emptied when the person is erased."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "contact_id", "message_id"),
        Index(None, "sending", "medium"),
        {"sqlite_autoincrement": True},
    )

    message_id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[str]
    project_id: Mapped[str]
    medium: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    """The source's own key, or the idempotency key of one of ours."""
    direction: Mapped[str]
    at_ms: Mapped[int]
    agent_id: Mapped[str | None]
    address: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    reference: Mapped[str] = mapped_column(index=True)
    in_reply_to: Mapped[str]
    thread: Mapped[str]
    """References of what came before one of ours, the oldest first, with spaces between."""
    continues: Mapped[str | None] = mapped_column(index=True)
    """The contact that the message's own one goes on from."""
    sending: Mapped[str | None]
    problem: Mapped[str]


class AttachmentRow(Base):
    """A file of a message."""

    __tablename__ = "attachments"

    attachment_id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.message_id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]


class ChatRow(Base):
    """A chat on a customer's page: which visitor's session it is, and how it went."""

    __tablename__ = "chats"

    contact_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(unique=True)
    project_id: Mapped[str]
    site: Mapped[str]
    began_ms: Mapped[int]
    page: Mapped[str]
    """Emptied when the person is erased."""
    first_response_ms: Mapped[int | None]
    rating: Mapped[int | None]


# -- surveys -----------------------------------------------------------------------------------------------------------


class SurveyRow(Base):
    """A caller who was asked something after his talk."""

    __tablename__ = "surveys"
    __table_args__ = (Index(None, "project_id", "at_ms"),)

    contact_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str]
    queue_id: Mapped[str]
    agent_id: Mapped[str]
    """With whom he talked; "" when nobody knows."""
    at_ms: Mapped[int]


class SurveyAnswerRow(Base):
    """One answer of his."""

    __tablename__ = "survey_answers"

    contact_id: Mapped[str] = mapped_column(ForeignKey("surveys.contact_id"), primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    """Its key in the centre file."""
    place: Mapped[int]
    value: Mapped[int]


# -- recorded talks ----------------------------------------------------------------------------------------------------


class RecordingRow(Base):
    """A recorded talk; its sound stands in a file, see `cti.recordings`."""

    __tablename__ = "recordings"
    __table_args__ = (Index(None, "began_ms"), Index(None, "erased_ms", "keep_until_ms"))

    recording_id: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(index=True)
    project_id: Mapped[str]
    queue_id: Mapped[str]
    agents: Mapped[str]
    """Ids with spaces between, in the order in which they had the talk."""
    began_ms: Mapped[int]
    length_ms: Mapped[int]
    pauses: Mapped[str]
    """JSON: a list of pairs, Unix ms."""
    keep_until_ms: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[str]
    key_id: Mapped[str]
    wrapped_key: Mapped[str]
    """Emptied when the recording, or the person, is erased: nothing opens the file any more."""
    erased_ms: Mapped[int | None]


# -- campaigns ---------------------------------------------------------------------------------------------------------


class LeadRow(Base):
    """An entry of a campaign's list; how far it has come is projected from the journal."""

    __tablename__ = "leads"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        Index(None, "campaign_id", "state", "place", "lead_id"),
        Index(None, "campaign_id", "state", "next_ms"),
        {"sqlite_autoincrement": True},
    )

    lead_id: Mapped[int] = mapped_column(primary_key=True)
    """Never given twice: `l<lead_id>` stands in journals."""
    campaign_id: Mapped[str]
    project_id: Mapped[str]
    number: Mapped[str | None] = mapped_column(index=True)
    """E.164; None once the person was erased."""
    name: Mapped[str]
    language: Mapped[str]
    place: Mapped[int]
    """Minus the tier: the least goes first."""
    not_before_ms: Mapped[int | None]
    zones: Mapped[str]
    """IANA names with spaces between."""
    columns: Mapped[str]
    """Whatever else the list says, as a JSON object of strings."""
    state: Mapped[str]
    attempts: Mapped[int]
    result: Mapped[str | None]
    disposition: Mapped[str | None]
    next_ms: Mapped[int | None]
    tried_ms: Mapped[int | None]
    """When the last attempt ended."""
    withdrawn_ms: Mapped[int | None]
    """Somebody took it off the list."""


class AttemptRow(Base):
    """One try to reach a lead, projected from the journal."""

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "campaign_id", "dialled_ms"),)

    dial_id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str]
    lead_id: Mapped[int] = mapped_column(index=True)
    dialled_ms: Mapped[int]
    """Or shown to an agent."""
    answered_ms: Mapped[int | None]
    ended_ms: Mapped[int | None]
    result: Mapped[str | None]
    next_ms: Mapped[int | None]
    contact_id: Mapped[str | None] = mapped_column(index=True)
    disposition: Mapped[str | None]


class UploadRow(Base):
    """A file that an agent has put to an answer which he has not sent yet."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "contact_id", "agent_id"),)

    upload_id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[str]
    agent_id: Mapped[str]
    at_ms: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]


# -- the journal of a centre that has a standby ------------------------------------------------------------------------


class LeaderRow(Base):
    """The one row that says which engine leads; see `cti.store.lease`."""

    __tablename__ = "leader"

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Always 1."""
    epoch: Mapped[int]
    holder: Mapped[str]
    """Host and process id, for people, and after the @ what tells machines apart (`cti.store.asking`)."""
    url: Mapped[str]
    """Where the leader's web answers; "" when nobody can ask it."""
    expires_ms: Mapped[int]
    """Until when its lease lasts, by the database's own clock; 0 when it was given back."""


class JournalRow(Base):
    """An entry as `cti.store.codec` writes it."""

    __tablename__ = "journal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    kind: Mapped[str]
    version: Mapped[int]
    event: Mapped[str]
    facts: Mapped[str]
    refused: Mapped[str | None]


class SnapshotRow(Base):
    """The engine's state as it was after the entry with this number."""

    __tablename__ = "journal_snapshots"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    state: Mapped[bytes]


# -- how far what is derived has come ----------------------------------------------------------------------------------


class Projection(Base):
    """How far a projection has read the journal; changed in the transaction that writes what it read."""

    __tablename__ = "projections"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class SetAside(Base):
    """Entries that the database refused, with its reason; the rest went on."""

    __tablename__ = "set_aside"

    entry: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str]


def table(row: type[Base]) -> Table:
    """The table of a class, for statements on a plain connection."""
    return Base.metadata.tables[row.__tablename__]
