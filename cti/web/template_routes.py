"""The admin's templates and centre file: edited, checked, compared, brought into force, and gone back from.

For admins alone; the command line of the same machine comes by the word that only it can read. Each change in force is
a line of the audit. Nothing is decided here: `ports.Templates`.
"""

import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Path

from cti.errors import ConfigError
from cti.ports.templates import Flaw, Later, Outcome, StageDone, Templates
from cti.web import words
from cti.web.guard import Admin, AnyParts, Parts
from cti.web.messages import Done
from cti.web.problems import Refusal, responses
from cti.web.template_messages import (
    Apply,
    ApplyByCommand,
    CheckView,
    DifferenceView,
    DraftChange,
    DraftView,
    EntryView,
    FlawView,
    LaterView,
    OutcomeView,
    PendingView,
    ProgressView,
    Rollback,
    RollbackByCommand,
    StageView,
    TemplatesView,
    VersionView,
)

router = APIRouter(prefix="/api/v1", tags=["templates"], responses=responses(401, 403, 404, 409))

Name = Annotated[str, Path(max_length=60, pattern=r"^(centre\.yaml|[a-z0-9_][a-z0-9_.-]*\.j2)$")]
Number = Annotated[int, Path(ge=1, le=2**31)]
Token = Annotated[str, Header(alias="X-Triune-Token", max_length=200)]


# -- drafts ----------------------------------------------------------------------------------------------------------


@router.get("/templates")
async def drafts(_admin: Admin, parts: AnyParts) -> TemplatesView:
    """All that may be edited, as it stands in the home."""
    try:
        found = await _of(parts).drafts()
    except ConfigError as error:
        raise _refusal(error) from error
    return TemplatesView(
        drafts=[DraftView(name=one.name, text=one.text, own=one.own, changed=one.changed) for one in found]
    )


@router.put("/templates/{name}")
async def save(given: DraftChange, name: Name, _admin: Admin, parts: AnyParts) -> Done:
    """Write a draft; nothing comes into force. 409 when another has written it since."""
    try:
        await _of(parts).save(name, given.text, base=given.base)
    except ConfigError as error:
        raise _refusal(error) from error
    return Done()


@router.delete("/templates/{name}")
async def reset(name: Name, _admin: Admin, parts: AnyParts) -> Done:
    """Back to the template that ships; of the centre file, to the one in force."""
    try:
        await _of(parts).reset(name)
    except ConfigError as error:
        raise _refusal(error) from error
    return Done()


# -- looking ---------------------------------------------------------------------------------------------------------


@router.get("/conf/check")
async def check(admin: Admin, parts: AnyParts) -> CheckView:
    """Render the drafts and say all that there is to say of them."""
    try:
        found = await _of(parts).check(words.language_of(admin.language))
    except ConfigError as error:
        raise _refusal(error) from error
    return CheckView(ok=found.ok, flaws=_flaws(found.flaws))


@router.get("/conf/diff")
async def diff(_admin: Admin, parts: AnyParts) -> PendingView:
    """What the drafts would change, file by file."""
    try:
        found = await _of(parts).pending()
    except ConfigError as error:
        raise _refusal(error) from error
    return PendingView(
        in_force=found.in_force,
        differences=[DifferenceView(name=one.name, text=one.text) for one in found.differences],
        later=_later(found.later),
    )


@router.get("/conf/history")
async def history(_admin: Admin, parts: AnyParts) -> list[EntryView]:
    """What came into force when, by whom and why; newest first."""
    found = await _of(parts).history()
    in_force = await _of(parts).in_force()
    newest = next((one.number for one in found if one.version == in_force and one.action != "failed"), 0)
    return [
        EntryView(
            number=one.number,
            at_ms=one.at_ms,
            action=one.action,
            version=one.version,
            author=one.author,
            reason=one.reason,
            words=one.words,
            kept=one.kept,
            in_force=one.number == newest,
        )
        for one in found
    ]


@router.get("/conf/versions/{number}")
async def version(number: Number, _admin: Admin, parts: AnyParts) -> VersionView:
    """What a version was made of: the centre file and the admin's own templates."""
    return VersionView(version=number, texts=dict(await _of(parts).texts(number)))


# -- changing --------------------------------------------------------------------------------------------------------


@router.post("/conf/apply")
async def apply(given: Apply, admin: Admin, parts: AnyParts) -> OutcomeView:
    """Bring the drafts into force, or nothing; answers when it is decided. `GET /conf/progress` tells the steps."""
    return await _applied(given, parts, author=admin.login, language=words.language_of(admin.language))


@router.post("/conf/rollback")
async def rollback(given: Rollback, admin: Admin, parts: AnyParts) -> OutcomeView:
    """Bring an earlier version into force, byte for byte; the drafts become its texts."""
    return await _rolled_back(given, parts, author=admin.login, language=words.language_of(admin.language))


@router.get("/conf/progress")
async def progress(_admin: Admin, parts: AnyParts) -> ProgressView:
    """The steps of the apply or rollback under way, or of the last one."""
    return ProgressView(running=parts.progress.running, stages=_stages(parts.progress.stages))


@router.post("/conf/command/apply", responses=responses(401))
async def apply_by_command(given: ApplyByCommand, parts: AnyParts, x_triune_token: Token = "") -> OutcomeView:
    """As `/conf/apply`, for `cti conf apply` on this machine."""
    _must_be_machine(x_triune_token, parts)
    return await _applied(given, parts, author=given.author, language="en")


@router.post("/conf/command/rollback", responses=responses(401))
async def rollback_by_command(given: RollbackByCommand, parts: AnyParts, x_triune_token: Token = "") -> OutcomeView:
    """As `/conf/rollback`, for `cti conf rollback` on this machine."""
    _must_be_machine(x_triune_token, parts)
    return await _rolled_back(given, parts, author=given.author, language="en")


async def _applied(given: Apply, parts: Parts, *, author: str, language: str) -> OutcomeView:
    with parts.progress.following() as told:
        try:
            outcome = await _of(parts).apply(
                author=author, reason=given.reason, later=given.later, language=language, told=told
            )
        except ConfigError as error:
            raise _refusal(error) from error
    await _note(outcome, parts, author=author, action="conf_applied", reason=given.reason)
    return _outcome(outcome)


async def _rolled_back(given: Rollback, parts: Parts, *, author: str, language: str) -> OutcomeView:
    with parts.progress.following() as told:
        try:
            outcome = await _of(parts).rollback(
                given.version, author=author, reason=given.reason, language=language, told=told
            )
        except ConfigError as error:
            raise _refusal(error) from error
    await _note(outcome, parts, author=author, action="conf_rolled_back", reason=given.reason)
    return _outcome(outcome)


async def _note(outcome: Outcome, parts: Parts, *, author: str, action: str, reason: str) -> None:
    if outcome.kept:
        await parts.people.note_deed(actor=author, action=action, subject=f"v{outcome.version}", detail=reason)
        await parts.roster.refresh()
        parts.hub.codes_changed()


def _of(parts: Parts) -> Templates:
    if parts.templates is None:
        raise Refusal(404, "not_found")
    return parts.templates


def _refusal(error: ConfigError) -> Refusal:
    return Refusal(422, "conf_wrong", words=str(error)[:1000])


def _must_be_machine(token: str, parts: Parts) -> None:
    if not hmac.compare_digest(token.encode(), parts.ivr_token.encode()):
        raise Refusal(401, "not_signed_in")


# -- views -----------------------------------------------------------------------------------------------------------


def _outcome(found: Outcome) -> OutcomeView:
    return OutcomeView(
        kept=found.kept,
        version=found.version,
        stages=_stages(found.stages),
        reason=found.reason,
        code=found.code,
        flaws=_flaws(found.flaws),
        later=_later(found.later),
    )


def _stages(found: Sequence[StageDone]) -> list[StageView]:
    return [StageView(stage=one.stage, at_ms=one.at_ms, words=one.words) for one in found]


def _flaws(found: Sequence[Flaw]) -> list[FlawView]:
    return [
        FlawView(
            rule=one.rule,
            severity=one.severity,
            file=one.file,
            line=one.line,
            where=one.where,
            problem=one.problem,
            why=one.why,
            mend=one.mend,
        )
        for one in found
    ]


def _later(found: Sequence[Later]) -> list[LaterView]:
    return [LaterView(needs=one.needs, name=one.name) for one in found]
