"""Reading a list into a campaign: piece by piece, so that it can be followed, and again without harm.

Called by `cti campaign import` and, for an upload, by `cti.campaigns.desk`. A line that cannot be entered is told and
never stops the rest, unless `strict`, which enters nothing when any line is wrong. A number that the campaign has
already is no mistake: the same file again adds nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from cti.campaigns import rows
from cti.campaigns.rows import Column, Reader, RowProblem
from cti.config import Centre
from cti.domain.ids import CampaignId, ProjectId
from cti.errors import NotFound
from cti.ports.campaigns import ImportReport, ImportState, Leads, NewLead, RowError

PIECE: Final = 1000
"""Lines read, looked up and entered at once."""
SHOWN_ERRORS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be read, and how."""

    campaign_id: CampaignId
    content: bytes
    dry_run: bool = False
    strict: bool = False
    columns: Mapping[Column, str] = field(default_factory=dict)
    """The admin's words for columns."""


def project_of(centre: Centre, campaign_id: CampaignId) -> ProjectId:
    """Whose campaign it is. Raises NotFound, naming those that there are."""
    campaign = centre.campaigns.get(campaign_id)
    if campaign is None:
        known = ", ".join(centre.campaigns) or "none; write one under 'campaigns' in the centre file"
        raise NotFound(f"There is no campaign {campaign_id!r}. There are: {known}.", code="unknown_campaign")
    return ProjectId(campaign.project)


async def run(
    centre: Centre,
    leads: Leads,
    wish: Wish,
    *,
    tell_error: Callable[[RowError], None] = lambda _: None,
) -> AsyncIterator[ImportReport]:
    """Read the list; a report after each piece, the last one with `done` or `failed`.

    Every error goes to `tell_error`, in the order of lines within a piece. Raises RuleError for a file that is no list,
    NotFound for an unknown campaign, DatabaseDown: what was entered before stays, and the same file again goes on.
    """
    project_id = project_of(centre, wish.campaign_id)
    text, encoding = await asyncio.to_thread(rows.decoded, wish.content)
    head = rows.heading(text, named=wish.columns)
    report = ImportReport(
        import_id="",
        dry_run=wish.dry_run,
        state=ImportState.RUNNING,
        total=max(0, text.count("\n") - 1 + (not text.endswith("\n"))),
        encoding=encoding,
        columns=tuple(head.others.values()),
    )
    yield report
    if wish.strict and not wish.dry_run:
        async for examined in run(centre, leads, replace(wish, dry_run=True), tell_error=tell_error):
            if examined.state is ImportState.DONE and examined.errors:
                yield replace(
                    examined, dry_run=False, added=0, state=ImportState.FAILED, problem="Nothing was entered: --strict."
                )
                return
        tell_error = _tell_nobody
    lines = Reader(centre).leads(text, head)
    while piece := await asyncio.to_thread(_piece, lines):
        report = await _enter(leads, wish, project_id, piece, report, tell_error)
        yield report
    yield replace(report, state=ImportState.DONE, total=report.rows)


def _tell_nobody(_: RowError) -> None:
    """They were told already."""


def _piece(lines: Iterator[NewLead | RowError]) -> list[NewLead | RowError]:
    return list(islice(lines, PIECE))


async def _enter(
    leads: Leads,
    wish: Wish,
    project_id: ProjectId,
    piece: Sequence[NewLead | RowError],
    report: ImportReport,
    tell_error: Callable[[RowError], None],
) -> ImportReport:
    good = [one for one in piece if isinstance(one, NewLead)]
    act = leads.examine if wish.dry_run else leads.enter
    entered = await act(wish.campaign_id, good, project_id=project_id)
    errors = [one for one in piece if isinstance(one, RowError)]
    errors += [rows.error(line, RowProblem.DO_NOT_CALL) for line in entered.barred]
    errors.sort(key=lambda one: one.line)
    for one in errors:
        tell_error(one)
    return replace(
        report,
        rows=report.rows + len(piece),
        added=report.added + entered.added,
        known=report.known + len(entered.known),
        barred=report.barred + len(entered.barred),
        errors=report.errors + len(errors),
        first_errors=(*report.first_errors, *errors)[:SHOWN_ERRORS],
    )
