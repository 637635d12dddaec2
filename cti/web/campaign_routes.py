"""Campaigns: how they stand, start and pause, their lists and results; and agents who stay connected.

For supervisors of the campaign's project. The commands of a home (`cti campaign start`) show the home's own token
instead of a session; in the audit they are the command line.
"""

import csv
import hmac
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import StreamingResponse

from cti.config import Campaign
from cti.domain.events import CampaignPaused, CampaignStarted, LineWanted
from cti.domain.ids import AgentId, AssignmentId, CampaignId, LeadId, Milliseconds, ProjectId
from cti.ports import Person, Role
from cti.ports.campaigns import Campaigns, LeadState
from cti.web.acts import needs_extension
from cti.web.campaign_board import CampaignBoard, import_view
from cti.web.campaign_messages import (
    CampaignView,
    ImportView,
    LeadStory,
    LeadView,
    LineWish,
    Withdrawn,
)
from cti.web.guard import Acting, Anyone, AnyParts, Parts, identify
from cti.web.messages import Done
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1", tags=["campaigns"])

COMMAND_LINE: Final = "command line"
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of a list that is uploaded; larger ones go by `cti campaign import`."""
Named = Annotated[str, Path(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
LeadKey = Annotated[str, Path(max_length=20, pattern=r"^l[0-9]{1,18}$")]


async def _leader(
    request: Request, parts: AnyParts, x_triune_token: Annotated[str, Header(max_length=200)] = ""
) -> Person:
    """A supervisor who is signed in, or the home's own commands."""
    if x_triune_token and hmac.compare_digest(x_triune_token.encode(), parts.ivr_token.encode()):
        return _COMMANDS
    found = identify(request)
    if found is None:
        raise Refusal(401, "not_signed_in")
    request.state.person = found[0]
    if found[0].role is Role.AGENT:
        raise Refusal(403, "not_allowed")
    return found[0]


_COMMANDS: Final = Person(
    agent_id=AgentId(""),
    login=COMMAND_LINE,
    name=COMMAND_LINE,
    role=Role.ADMIN,
    project_ids=(),
    extension=None,
    language="en",
    skills=(),
    active=True,
)
Leader = Annotated[Person, Depends(_leader)]


@router.get("/campaigns", responses=responses(401, 403))
async def campaigns(person: Leader, parts: AnyParts) -> list[CampaignView]:
    """The campaigns of the asker's projects."""
    return parts.hub.campaigns.views(person) if parts.hub.campaigns is not None else []


@router.get("/campaigns/{campaign}", responses=responses(401, 403, 404))
async def one_campaign(campaign: Named, person: Leader, parts: AnyParts) -> CampaignView:
    """How it stands, and why it dials nobody, if it does not."""
    found, board, desk = _of(campaign, person, parts)
    await desk.look(CampaignId(campaign))
    return board.view(found, person.language)


@router.post("/campaigns/{campaign}/start", responses=responses(401, 403, 404, 409))
async def start(campaign: Named, person: Leader, parts: AnyParts) -> CampaignView:
    """Have it dial. Twice is once."""
    found, board, desk = _of(campaign, person, parts)
    await parts.engine.handle(CampaignStarted(campaign_id=CampaignId(campaign)))
    await desk.look(CampaignId(campaign))
    await parts.people.note_deed(actor=person.login, action="campaign_started", subject=campaign)
    return board.view(found, person.language)


@router.post("/campaigns/{campaign}/pause", responses=responses(401, 403, 404, 409))
async def pause(campaign: Named, person: Leader, parts: AnyParts) -> CampaignView:
    """Have it dial nobody more for now; what rings goes on. Twice is once."""
    found, board, desk = _of(campaign, person, parts)
    await parts.engine.handle(CampaignPaused(campaign_id=CampaignId(campaign)))
    desk.touch(CampaignId(campaign))
    await parts.people.note_deed(actor=person.login, action="campaign_paused", subject=campaign)
    return board.view(found, person.language)


# -- lists -------------------------------------------------------------------------------------------------------------


@router.post(
    "/campaigns/{campaign}/lists",
    status_code=202,
    responses=responses(401, 403, 404, 409, 413),
    openapi_extra={"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}, "required": True}},
)
async def import_list(
    campaign: Named,
    request: Request,
    person: Leader,
    parts: AnyParts,
    dry_run: Annotated[bool, Query(description="only tell what would be done")] = False,
) -> ImportView:
    """Read a CSV list into the campaign; it goes on behind this answer, and the campaign's view tells how far it is."""
    _, _, desk = _of(campaign, person, parts)
    content = await request.body()
    if not content:
        raise Refusal(422, "empty_list")
    report = desk.begin_import(CampaignId(campaign), content, dry_run=dry_run, actor=person.login)
    if not dry_run:
        await parts.people.note_deed(actor=person.login, action="list_imported", subject=campaign)
    return import_view(report, person.language)


@router.get("/campaigns/{campaign}/leads", responses=responses(401, 403, 404))
async def leads(
    campaign: Named,
    person: Leader,
    parts: AnyParts,
    search: Annotated[str, Query(max_length=80)] = "",
    state: LeadState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int, Query(ge=0, le=2**53, description="`row` of the last one, for the next page")] = 0,
) -> list[LeadView]:
    """Leads in the order of the list, by a part of the number or the name."""
    found, board, desk = _of(campaign, person, parts)
    rows = await desk.leads.search(CampaignId(campaign), text=search.strip(), state=state, limit=limit, after=after)
    return [board.lead(row, found, person.language) for row in rows]


@router.get("/campaigns/{campaign}/leads/{lead_id}", responses=responses(401, 403, 404))
async def one_lead(campaign: Named, lead_id: LeadKey, person: Leader, parts: AnyParts) -> LeadStory:
    """One lead with the tries to reach it."""
    found, board, desk = _of(campaign, person, parts)
    return await _story(found, board, desk, LeadId(lead_id), person)


@router.post("/campaigns/{campaign}/leads/{lead_id}/withdraw", responses=responses(401, 403, 404))
async def withdraw_lead(campaign: Named, lead_id: LeadKey, person: Leader, parts: AnyParts) -> Withdrawn:
    """Never try this lead again; what rings goes on."""
    _, _, desk = _of(campaign, person, parts)
    count = await desk.leads.withdraw(CampaignId(campaign), [LeadId(lead_id)], now=parts.engine.now())
    desk.touch(CampaignId(campaign))
    await parts.people.note_deed(actor=person.login, action="lead_withdrawn", subject=campaign, detail=lead_id)
    return Withdrawn(count=count)


@router.post("/campaigns/{campaign}/withdraw", responses=responses(401, 403, 404))
async def withdraw_all(campaign: Named, person: Leader, parts: AnyParts) -> Withdrawn:
    """Never try again whoever is still to be tried."""
    _, _, desk = _of(campaign, person, parts)
    count = await desk.withdraw_all(CampaignId(campaign))
    await parts.people.note_deed(actor=person.login, action="list_withdrawn", subject=campaign, detail=str(count))
    return Withdrawn(count=count)


async def _story(found: Campaign, board: CampaignBoard, desk: Campaigns, lead_id: LeadId, person: Person) -> LeadStory:
    row = await desk.leads.lead(CampaignId(found.key), lead_id)
    if row is None:
        raise Refusal(404, "not_found")
    project_id = ProjectId(found.project)
    tries = await desk.leads.attempts(lead_id)
    return LeadStory(
        lead=board.lead(row, found, person.language),
        attempts=[board.attempt(one, project_id, person.language) for one in tries],
    )


@router.get(
    "/campaigns/{campaign}/results",
    responses=responses(401, 403, 404) | {200: {"content": {"text/csv": {}}, "description": "One line an attempt"}},
    response_class=StreamingResponse,
)
async def results(campaign: Named, person: Leader, parts: AnyParts) -> StreamingResponse:
    """The whole list with its attempts as CSV: one line an attempt, and one for a lead that was never tried."""
    found, _, desk = _of(campaign, person, parts)
    await parts.people.note_deed(actor=person.login, action="results_exported", subject=campaign)
    return StreamingResponse(
        _lines(found, desk, parts),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{campaign}-results.csv"'},
    )


HEADING: Final = [
    *("lead_id", "number", "name", "language", "tier", "state", "withdrawn", "attempts", "result", "disposition"),
    *("next_at", "attempt", "dialled_at", "answered_at", "ended_at", "attempt_result", "agent", "talk_s"),
    *("contact_id", "columns"),
]


async def _lines(campaign: Campaign, desk: Campaigns, parts: Parts) -> AsyncIterator[str]:
    yield _as_csv([HEADING])
    async for piece in desk.leads.results(CampaignId(campaign.key)):
        rows: list[list[object]] = []
        for row, attempts in piece:
            callee = row.callee
            head = [callee.lead_id, callee.number, _safe(callee.name), callee.language, row.tier, row.state.value]
            head += [int(row.withdrawn), callee.attempts, row.result or "", row.disposition or "", _at(row.next_ms)]
            columns = _safe("; ".join(f"{title}: {value}" for title, value in callee.columns.items()))
            for place, each in enumerate(attempts, start=1):
                spans = [_at(each.dialled_ms), _at(each.answered_ms), _at(each.ended_ms), each.result or ""]
                agent = parts.roster.name(each.agent_id) or ""
                talk_s = "" if each.talk_ms is None else round(each.talk_ms / 1000)
                rows.append([*head, place, *spans, agent, talk_s, each.contact_id or "", columns])
            if not attempts:
                rows.append([*head, *[""] * 8, columns])
        yield _as_csv(rows)


def _as_csv(rows: "list[list[object]] | list[list[str]]") -> str:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue()


def _safe(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _at(instant_ms: Milliseconds | None) -> str:
    return "" if instant_ms is None else datetime.fromtimestamp(instant_ms / 1000, tz=UTC).isoformat(timespec="seconds")


# -- agents ------------------------------------------------------------------------------------------------------------


@router.post("/agent/line", responses=responses(401, 403, 404, 409, 429))
async def stay_connected(wish: LineWish, person: Acting, parts: AnyParts) -> Done:
    """Have one's phone rung once and then kept up between calls, or no longer. Campaigns call for those who are."""
    needs_extension(person)
    await parts.engine.handle(LineWanted(agent_id=person.agent_id, wanted=wish.wanted))
    return Done()


@router.get("/assignments/{assignment_id}/lead", responses=responses(401, 404))
async def lead_in_hand(
    assignment_id: Annotated[str, Path(max_length=60, pattern=r"^a[0-9]+(-[0-9]+)?$")], person: Anyone, parts: AnyParts
) -> LeadStory:
    """The lead of the campaign's contact in the asker's hands, with the tries to reach it."""
    held = parts.engine.state.assignments.get(AssignmentId(assignment_id))
    contact = parts.engine.state.contacts.get(held.contact_id) if held is not None else None
    mine = held is not None and held.agent_id == person.agent_id
    if contact is None or not mine or contact.campaign_id is None or contact.lead_id is None:
        raise Refusal(404, "not_found")
    campaign = parts.centre.campaigns.get(contact.campaign_id)
    if campaign is None or parts.campaigns is None or parts.hub.campaigns is None:
        raise Refusal(404, "not_found")
    return await _story(campaign, parts.hub.campaigns, parts.campaigns, contact.lead_id, person)


def _of(campaign: str, person: Person, parts: Parts) -> tuple[Campaign, CampaignBoard, Campaigns]:
    """A campaign that the asker may see; another project's does not exist for him."""
    found = parts.centre.campaigns.get(campaign)
    allowed = person is _COMMANDS or (found is not None and ProjectId(found.project) in parts.roster.projects(person))
    if found is None or not allowed or parts.campaigns is None or parts.hub.campaigns is None:
        raise Refusal(404, "unknown_campaign")
    return found, parts.hub.campaigns, parts.campaigns
