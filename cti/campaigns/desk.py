"""What the web asks of campaigns: `ports.campaigns.Campaigns`. Figures from the ACD's state, the rest from the lists.

Progress and the rolling figures come from the database, looked up beside the loop every few seconds while anything
happens; so they are a little behind, and nothing is decided by them. One list is read at a time for each campaign.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from cti.campaigns import importing, standing
from cti.campaigns.feeder import Feeder
from cti.campaigns.pace import Pace
from cti.config import Centre
from cti.domain import facts
from cti.domain.acd import Decision
from cti.domain.ids import CampaignId, LeadId, Milliseconds
from cti.errors import DatabaseDown, OutsideError, RuleError
from cti.ports import Engine
from cti.ports.campaigns import Callee, Figures, Idle, ImportReport, ImportState, Leads, Progress, Rolling

log = logging.getLogger(__name__)

REFRESH_S: Final = 2.0
QUIET_MS: Final[Milliseconds] = 15_000
"""How often a campaign is looked up of which nothing is heard: hours begin and end."""
ROLLING_MS: Final[Milliseconds] = 15_000
MONTH_MS: Final[Milliseconds] = 30 * 86_400_000

_MOVING: Final = (
    facts.CampaignConfigured,
    facts.CampaignSwitched,
    facts.WindowBegun,
    facts.LeadsQueued,
    facts.LeadsDropped,
)


@dataclass(slots=True)
class _Known:
    """What was looked up of one campaign."""

    progress: Progress = field(default_factory=Progress)
    rolling: Rolling = field(default_factory=Rolling)
    progress_ms: Milliseconds = 0
    rolling_ms: Milliseconds = 0
    stale: bool = True


class CampaignDesk:
    """See `ports.campaigns.Campaigns`; `run` is the task that looks up."""

    def __init__(self, *, leads: Leads, centre: Centre, feeder: Feeder, pace: Pace) -> None:
        self._leads = leads
        self._centre = centre
        self._feeder = feeder
        self._pace = pace
        self._known: dict[CampaignId, _Known] = {}
        self._changed: set[CampaignId] = set()
        self._reports: dict[CampaignId, ImportReport] = {}
        self._imports: set[asyncio.Task[None]] = set()
        self._engine: Engine | None = None

    @property
    def leads(self) -> Leads:
        """See `ports.campaigns.Campaigns`."""
        return self._leads

    # -- told by the engine --------------------------------------------------------------------------------------------

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """After every event: count what concerns campaigns."""
        for fact in decision.facts:
            campaign_id = self._pace.note(fact)
            if campaign_id is not None:
                self._know(campaign_id).stale = True
            elif isinstance(fact, facts.DialAnswered | facts.CalleeQueued):
                dial = self._engine.state.dials.get(fact.dial_id) if self._engine is not None else None
                campaign_id = dial.campaign_id if dial is not None else None
            elif isinstance(fact, facts.AgentReserved):
                campaign_id = fact.campaign_id
            elif isinstance(fact, _MOVING):
                rules = fact.rules if isinstance(fact, facts.CampaignConfigured) else fact
                campaign_id = rules.campaign_id
                self._know(campaign_id).stale = True
            elif isinstance(fact, facts.LineUp | facts.LineDown | facts.ReadinessChanged | facts.AssignmentClosed):
                self._changed.update(self._known)
            if campaign_id is not None:
                self._changed.add(campaign_id)

    def _know(self, campaign_id: CampaignId) -> _Known:
        return self._known.setdefault(campaign_id, _Known())

    # -- asked by the web ----------------------------------------------------------------------------------------------

    def callee(self, campaign_id: CampaignId, lead_id: LeadId) -> Callee | None:
        """See `ports.campaigns.Campaigns`."""
        return self._feeder.callee(campaign_id, lead_id)

    def figures(self, campaign_id: CampaignId) -> Figures:
        """See `ports.campaigns.Campaigns`."""
        engine = self._engine
        campaign = engine.state.campaigns.get(campaign_id) if engine is not None else None
        if engine is None or campaign is None:
            return Figures()
        return standing.figures(engine.state, campaign, self._pace, self.progress(campaign_id), now=engine.now())

    def progress(self, campaign_id: CampaignId) -> Progress:
        """See `ports.campaigns.Campaigns`."""
        return self._know(campaign_id).progress

    def rolling(self, campaign_id: CampaignId) -> Rolling:
        """See `ports.campaigns.Campaigns`."""
        return self._know(campaign_id).rolling

    def idle(self, campaign_id: CampaignId) -> Idle | None:
        """See `ports.campaigns.Campaigns`."""
        engine = self._engine
        campaign = engine.state.campaigns.get(campaign_id) if engine is not None else None
        if engine is None or campaign is None:
            return Idle.CLOSED
        return standing.idle(
            campaign,
            self.figures(campaign_id),
            self.progress(campaign_id),
            switch_up=engine.switch_up,
            database_up=self._feeder.database_up,
        )

    def touch(self, campaign_id: CampaignId) -> None:
        """See `ports.campaigns.Campaigns`."""
        self._feeder.touch(campaign_id)
        self._know(campaign_id).stale = True
        self._changed.add(campaign_id)

    async def look(self, campaign_id: CampaignId) -> None:
        """See `ports.campaigns.Campaigns`."""
        self.touch(campaign_id)
        if self._engine is not None:
            with contextlib.suppress(DatabaseDown):
                await self._refresh(self._engine, campaign_id)

    def take_changed(self) -> Collection[CampaignId]:
        """See `ports.campaigns.Campaigns`."""
        changed = frozenset(self._changed)
        self._changed.clear()
        return changed

    # -- looking up ----------------------------------------------------------------------------------------------------

    async def run(self, engine: Engine) -> None:
        """Look up what changed, for ever; to be a supervised task."""
        self._engine = engine
        while True:
            for key in list(self._centre.campaigns):
                try:
                    await self._refresh(engine, CampaignId(key))
                except DatabaseDown as error:
                    log.info("%s", error, extra={"action": "progress_unknown", "campaign": key})
            await asyncio.sleep(REFRESH_S)

    async def _refresh(self, engine: Engine, campaign_id: CampaignId) -> None:
        known, now = self._know(campaign_id), engine.now()
        if known.stale or now - known.progress_ms >= QUIET_MS:
            known.stale = False
            places = await self._leads.zones(campaign_id)
            asked = self._feeder.asked(campaign_id, now=now, without=(), limit=0, places=places)
            found = await self._leads.progress(asked)
            if found != known.progress:
                self._changed.add(campaign_id)
            known.progress, known.progress_ms = found, now
        if now - known.rolling_ms >= ROLLING_MS:
            known.rolling = await self._leads.rolling(campaign_id, since_ms=now - MONTH_MS)
            known.rolling_ms = now

    async def withdraw_all(self, campaign_id: CampaignId) -> int:
        """See `ports.campaigns.Campaigns`."""
        now = self._engine.now() if self._engine is not None else 0
        count = await self._leads.withdraw(campaign_id, None, now=now, again=self._feeder.again(campaign_id))
        self.touch(campaign_id)
        return count

    # -- lists ---------------------------------------------------------------------------------------------------------

    def begin_import(self, campaign_id: CampaignId, content: bytes, *, dry_run: bool, actor: str) -> ImportReport:
        """See `ports.campaigns.Campaigns`."""
        importing.project_of(self._centre, campaign_id)
        known = self._reports.get(campaign_id)
        if known is not None and known.state is ImportState.RUNNING:
            raise RuleError("A list is being read into this campaign already; wait for its end.", code="import_runs")
        report = ImportReport(import_id=secrets.token_hex(6), dry_run=dry_run, state=ImportState.RUNNING)
        self._reports[campaign_id] = report
        wish = importing.Wish(campaign_id=campaign_id, content=content, dry_run=dry_run)
        task = asyncio.get_running_loop().create_task(self._import(wish, report))
        self._imports.add(task)
        task.add_done_callback(self._imports.discard)
        log.info("a list is read", extra={"action": "import_begun", "campaign": campaign_id, "actor": actor})
        return report

    async def _import(self, wish: importing.Wish, begun: ImportReport) -> None:
        try:
            async for report in importing.run(self._centre, self._leads, wish):
                self._tell(wish.campaign_id, replace(report, import_id=begun.import_id))
        except (RuleError, OutsideError) as error:
            self._fail(wish.campaign_id, str(error))
        except Exception:  # a task of its own: whatever went wrong must not leave the import running for ever
            log.exception("a list could not be read", extra={"action": "import_broke", "campaign": wish.campaign_id})
            self._fail(wish.campaign_id, "The list could not be read to its end; the same file again goes on.")
        self.touch(wish.campaign_id)

    def _tell(self, campaign_id: CampaignId, report: ImportReport) -> None:
        self._reports[campaign_id] = report
        self._changed.add(campaign_id)

    def _fail(self, campaign_id: CampaignId, sentence: str) -> None:
        known = self._reports[campaign_id]
        self._tell(campaign_id, replace(known, state=ImportState.FAILED, problem=sentence))

    def report(self, campaign_id: CampaignId) -> ImportReport | None:
        """See `ports.campaigns.Campaigns`."""
        return self._reports.get(campaign_id)

    async def stop(self) -> None:
        """End what is being read."""
        for task in self._imports:
            task.cancel()
        await asyncio.gather(*self._imports, return_exceptions=True)
