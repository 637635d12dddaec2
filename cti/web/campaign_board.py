"""What supervisors see of campaigns, and when it is sent: the changed ones, at most once a second.

Here: `ports.campaigns` turned into views in a person's language. Not here: any figure (`cti.campaigns`). Asked by
routes and `cti.web.hub`, run by `cti.web.app`.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cti.config import Campaign, Centre, Law
from cti.domain.ids import CampaignId, LeadId, ProjectId
from cti.ports import CodeKind, Engine, Person, Role
from cti.ports.campaigns import (
    Attempt,
    Callee,
    Campaigns,
    Figures,
    ImportReport,
    LeadRow,
    LeadState,
    Progress,
    Rolling,
)
from cti.web import campaign_words, screens
from cti.web.campaign_messages import (
    AttemptView,
    CampaignContact,
    CampaignsChanged,
    CampaignView,
    ColumnView,
    FiguresView,
    ImportView,
    LeadView,
    ProgressView,
    RollingView,
    RowErrorView,
)
from cti.web.presence import Presence
from cti.web.roster import Roster, spoken

EVERY_S: Final = 1.0
_LONGEST_VALUE: Final = 1000
_MOST_ERRORS: Final = 50


class CampaignBoard:
    """The campaigns, as pages show them."""

    def __init__(
        self, *, campaigns: Campaigns, centre: Centre, engine: Engine, roster: Roster, presence: Presence
    ) -> None:
        self._campaigns = campaigns
        self._centre = centre
        self._engine = engine
        self._roster = roster
        self._presence = presence

    async def run(self) -> None:
        """Tell supervisors' pages what changed, for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            changed = self._campaigns.take_changed()
            if changed:
                self._tell(changed)

    def _tell(self, changed: Iterable[CampaignId]) -> None:
        now, among = self._engine.now(), frozenset(changed)
        for page in self._presence.pages():
            if views := self.views(page.person, among):
                page.put(CampaignsChanged(campaigns=views).model_dump_json(), now)

    def views(self, person: Person, among: Iterable[CampaignId] | None = None) -> list[CampaignView]:
        """The campaigns that he may see, in the order of the centre file; none for an agent."""
        if person.role is Role.AGENT:
            return []
        projects = self._roster.projects(person)
        wanted = None if among is None else frozenset(among)
        return [
            self.view(campaign, person.language)
            for key, campaign in self._centre.campaigns.items()
            if ProjectId(campaign.project) in projects and (wanted is None or CampaignId(key) in wanted)
        ]

    def view(self, campaign: Campaign, language: str) -> CampaignView:
        """One campaign in this language."""
        key, said = CampaignId(campaign.key), spoken(language)
        known = self._engine.state.campaigns.get(key)
        idle = self._campaigns.idle(key)
        report = self._campaigns.report(key)
        return CampaignView(
            campaign_id=key,
            name=campaign.name.in_language(said),
            project_id=campaign.project,
            project=self._centre.projects[campaign.project].name.in_language(said),
            queue=self._centre.queues[campaign.queue].name.in_language(said),
            mode=campaign.mode,
            law=campaign.law.value if campaign.law not in (None, Law.NONE) else None,
            caller_id=screens.address(self._centre.campaign_number(campaign)),
            cap=campaign.cap_permyriad / 10_000,
            window="day" if campaign.window == "day" else "all",
            lines=campaign.lines,
            running=known is not None and known.running,
            idle=idle,
            idle_sentence=campaign_words.idle(idle, language),
            figures=_figures(self._campaigns.figures(key)),
            rolling=_rolling(self._campaigns.rolling(key)),
            progress=_progress(self._campaigns.progress(key)),
            reading=import_view(report, language) if report is not None else None,
        )

    def contact(self, campaign_id: CampaignId, lead_id: LeadId, language: str) -> CampaignContact:
        """What an agent sees of the campaign that began his contact."""
        campaign = self._centre.campaigns.get(campaign_id)
        callee = self._campaigns.callee(campaign_id, lead_id)
        return CampaignContact(
            campaign_id=campaign_id,
            campaign=campaign.name.in_language(spoken(language)) if campaign is not None else campaign_id,
            lead_id=lead_id,
            attempts=callee.attempts if callee is not None else 0,
            columns=_columns(callee) if callee is not None else [],
        )

    def lead(self, row: LeadRow, campaign: Campaign, language: str) -> LeadView:
        """An entry of the campaign's list; one that its disposition has tried again is to be retried."""
        callee, project_id = row.callee, ProjectId(campaign.project)
        again = campaign.dispositions.get(row.disposition or "") if row.state is LeadState.DONE else None
        if again is not None and row.tried_ms is not None and callee.attempts < again.attempts:
            row = replace(row, state=LeadState.RETRY, next_ms=row.tried_ms + again.after_s * 1000)
        return LeadView(
            lead_id=callee.lead_id,
            row=int(callee.lead_id[1:]),
            number=screens.address(callee.number),
            name=screens.text(callee.name),
            language=callee.language,
            tier=row.tier,
            zones=list(row.zones),
            columns=_columns(callee),
            state=row.state,
            withdrawn=row.withdrawn,
            attempts=callee.attempts,
            result=row.result,
            disposition=row.disposition,
            disposition_title=self._roster.title(CodeKind.DISPOSITION, row.disposition, project_id, language),
            next_ms=row.next_ms,
            tried_ms=row.tried_ms,
        )

    def attempt(self, attempt: Attempt, project_id: ProjectId, language: str) -> AttemptView:
        """One try to reach a lead."""
        return AttemptView(
            dial_id=attempt.dial_id,
            dialled_ms=attempt.dialled_ms,
            answered_ms=attempt.answered_ms,
            ended_ms=attempt.ended_ms,
            result=attempt.result,
            contact_id=attempt.contact_id,
            agent=self._roster.name(attempt.agent_id),
            talk_ms=attempt.talk_ms,
            disposition_title=self._roster.title(CodeKind.DISPOSITION, attempt.disposition, project_id, language),
            next_ms=attempt.next_ms,
        )


def _columns(callee: Callee) -> list[ColumnView]:
    return [
        ColumnView(title=screens.text(title), value=screens.text(value, limit=_LONGEST_VALUE))
        for title, value in callee.columns.items()
    ]


def _figures(figures: Figures) -> FiguresView:
    return FiguresView(
        ringing=figures.ringing,
        waiting=figures.waiting,
        looked_at=figures.looked_at,
        in_line=figures.in_line,
        agents=figures.agents,
        connected=figures.connected,
        reserved=figures.reserved,
        talking=figures.talking,
        wrapping_up=figures.wrapping_up,
        idle_ms=figures.idle_ms,
        live=figures.live,
        abandoned=figures.abandoned,
        rate=_share(figures.abandoned, figures.live) or 0.0,
        window_from_ms=figures.window_from_ms,
        dials_a_minute=round(figures.dials_a_minute, 1),
        answer_rate=None if figures.answer_rate is None else round(figures.answer_rate, 3),
        ends_ms=figures.ends_ms,
    )


def _rolling(rolling: Rolling) -> RollingView:
    return RollingView(
        answered=rolling.answered,
        abandoned=rolling.abandoned,
        rate=_share(rolling.abandoned, rolling.answered),
        machines=rolling.machines,
        humans=rolling.humans,
        human_rate=_share(rolling.abandoned, rolling.abandoned + rolling.humans),
    )


def _progress(progress: Progress) -> ProgressView:
    return ProgressView(
        total=progress.total,
        new=progress.new,
        trying=progress.trying,
        retry=progress.retry,
        withdrawn=progress.withdrawn,
        barred=progress.barred,
        outside_hours=progress.outside_hours,
        done=dict(progress.done),
        next_ms=progress.next_ms,
    )


def import_view(report: ImportReport, language: str) -> ImportView:
    """How far an import is."""
    return ImportView(
        import_id=report.import_id,
        dry_run=report.dry_run,
        state=report.state,
        rows=report.rows,
        total=max(report.total, report.rows),
        added=report.added,
        known=report.known,
        errors=report.errors,
        barred=report.barred,
        encoding=report.encoding,
        columns=[screens.text(title) for title in report.columns],
        first_errors=[
            RowErrorView(line=one.line, code=one.code, sentence=campaign_words.row_error(one, language))
            for one in report.first_errors[:_MOST_ERRORS]
        ],
        problem=report.problem,
    )


def _share(part: int, whole: int) -> float | None:
    return None if whole <= 0 else round(part / whole, 4)
