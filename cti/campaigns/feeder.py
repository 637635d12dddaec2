"""Keeps leads in line for every running campaign: as many as it dials in two minutes, of those that may be called now.

Theory of operation. The line itself is the ACD's (`State.campaigns`); what became of each lead stands in the database,
as the history has projected it from the journal. A lead is given only when both say that it may be:

1. note the event number n reached, and every lead that is in line or being tried;
2. wait until the history has projected n; then ask the database who is due, without those noted.

Nobody else gives leads, so one that was neither in line nor tried at n cannot have been dialled since; and whatever was
dialled up to n, the database knows. So no lead is dialled twice because the history was behind, whichever process died
when. None is lost: a lead that died with a line that was never written is due still.

What is in line is looked at again: whose hours have ended, who was withdrawn, erased or entered in do-not-call is taken
back. Numbers are held in memory for as long as a lead is in line, tried or talked with; `recall` brings them back after
a start, before anything is dialled.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from cti.campaigns.pace import Pace
from cti.config import Centre
from cti.domain.campaign import Campaign
from cti.domain.events import LeadsGiven, LeadsTakenBack
from cti.domain.ids import CampaignId, DispositionId, LeadId, Milliseconds, ProjectId
from cti.domain.state import State
from cti.errors import DatabaseDown, OutsideError, RuleError
from cti.places import Places
from cti.ports import Engine
from cti.ports.campaigns import Again, Asked, Callee, Leads

log = logging.getLogger(__name__)

LEAST: Final = 50
MOST: Final = 200
WORTH_MINUTES: Final = 2
TICK_S: Final = 0.5
LOOK_AGAIN_MS: Final[Milliseconds] = 5_000
"""How soon the database is asked again when it had too few."""
CHECK_MS: Final[Milliseconds] = 5_000
"""How often those in line are looked at again."""
PLACES_MS: Final[Milliseconds] = 30_000
BEHIND_S: Final = 10.0
"""How long the history may be behind before this round is given up."""


@dataclass(slots=True)
class _Fed:
    """What the feeder remembers of one campaign."""

    look_ms: Milliseconds = 0
    check_ms: Milliseconds = 0
    places: tuple[str, ...] = ()
    places_ms: Milliseconds = 0
    zones: dict[LeadId, str] = field(default_factory=dict)


class Feeder:
    """See the module. `run` is the task that feeds; all on the engine's loop."""

    def __init__(
        self,
        *,
        leads: Leads,
        centre: Centre,
        reached: Callable[[int], Awaitable[None]],
        address_key: Callable[[ProjectId, str], str],
        pace: Pace,
    ) -> None:
        """`reached(n)` returns when the history has projected event n."""
        self._leads = leads
        self._reached = reached
        self._address_key = address_key
        self._pace = pace
        self._callees: dict[tuple[CampaignId, LeadId], Callee] = {}
        self._unused: frozenset[tuple[CampaignId, LeadId]] = frozenset()
        self._fed: dict[CampaignId, _Fed] = {}
        self._centre = centre
        self._places = Places(centre)
        self.database_up = True

    def callee(self, campaign_id: CampaignId, lead_id: LeadId) -> Callee | None:
        """Whom a lead that is in line, being tried or in an agent's hands stands for."""
        return self._callees.get((campaign_id, lead_id))

    def may_be_dialled(self, campaign_id: CampaignId, lead_id: LeadId, now: Milliseconds) -> bool:
        """See `ports.campaigns.Callees`. One of whom it is not known where he is, is asked after at the next look."""
        fed = self._fed.get(campaign_id)
        zones = fed.zones.get(lead_id) if fed is not None else None
        return zones is None or campaign_id not in self._centre.campaigns or self._may_call_in(zones, campaign_id, now)

    def touch(self, campaign_id: CampaignId) -> None:
        """Its list changed: ask the database at the next tick."""
        self._fed.pop(campaign_id, None)

    def asked(
        self,
        campaign_id: CampaignId,
        *,
        now: Milliseconds,
        without: Collection[LeadId],
        limit: int,
        places: Collection[str],
    ) -> Asked:
        """What is asked of the lists; `places` are all that the campaign has."""
        campaign = self._centre.campaigns[campaign_id]
        return Asked(
            campaign_id=campaign_id,
            project_id=ProjectId(campaign.project),
            now=now,
            open_zones=[each for each in places if self._may_call_in(each, campaign_id, now)],
            again=self.again(campaign_id),
            without=without,
            limit=limit,
        )

    def again(self, campaign_id: CampaignId) -> list[Again]:
        """The dispositions after which its leads are tried again."""
        return [
            Again(disposition=DispositionId(key), after_ms=rule.after_s * 1000, attempts=rule.attempts)
            for key, rule in self._centre.campaigns[campaign_id].dispositions.items()
        ]

    async def recall(self, state: State) -> None:
        """Look up everybody who stands in line or is being tried; before anything is dialled. Raises DatabaseDown."""
        wanted = [key for key in _in_use(state) if key not in self._callees]
        for callee in await self._leads.recall([lead_id for _, lead_id in wanted]):
            self._callees[callee.campaign_id, callee.lead_id] = callee

    async def run(self, engine: Engine) -> None:
        """Feed for ever; to be a supervised task."""
        while True:
            await asyncio.sleep(TICK_S)
            for campaign in list(engine.state.campaigns.values()):
                if campaign.open and campaign.running and campaign.id in self._centre.campaigns:
                    await self.tend(engine, campaign.id)
            self._forget(engine.state)

    async def tend(self, engine: Engine, campaign_id: CampaignId) -> None:
        """One round for one campaign of the centre file: take back, then give. What fails is tried at the next."""
        try:
            await self._take_back(engine, campaign_id)
            await self._feed(engine, campaign_id)
            self.database_up = True
        except DatabaseDown as error:
            self.database_up = False
            log.warning("%s", error, extra={"action": "feeding_waits", "campaign": campaign_id})
        except TimeoutError:
            log.warning("the history is behind", extra={"action": "feeding_waits", "campaign": campaign_id})
        except (RuleError, OutsideError) as error:
            log.warning("%s", error, extra={"action": "leads_refused", "campaign": campaign_id})

    # -- giving --------------------------------------------------------------------------------------------------------

    async def _feed(self, engine: Engine, campaign_id: CampaignId) -> None:
        now, campaign = engine.now(), engine.state.campaigns[campaign_id]
        fed = self._fed.setdefault(campaign_id, _Fed())
        size = min(MOST, max(LEAST, round(WORTH_MINUTES * self._pace.dials_a_minute(campaign_id, now))))
        if len(campaign.leads) > size // 2 or now < fed.look_ms:
            return
        number, without = engine.state.number, _leads_in_use(engine.state, campaign)
        async with asyncio.timeout(BEHIND_S):
            await self._reached(number)
        await self._learn_places(campaign_id, fed, now)
        due = await self._leads.due(
            self.asked(campaign_id, now=now, without=without, limit=size - len(campaign.leads), places=fed.places)
        )
        fed.look_ms = engine.now() + (LOOK_AGAIN_MS if len(due) < size - len(campaign.leads) else 0)
        if not due:
            return
        project_id = ProjectId(self._centre.campaigns[campaign_id].project)
        for one in due:
            self._callees[campaign_id, one.lead.lead_id] = one.callee
            fed.zones[one.lead.lead_id] = one.zones
        leads = tuple(
            structs.replace(one.lead, address_key=self._address_key(project_id, one.callee.number)) for one in due
        )
        await engine.handle(LeadsGiven(campaign_id=campaign_id, leads=leads))
        log.info("%d leads given", len(leads), extra={"action": "leads_given", "campaign": campaign_id})

    async def _learn_places(self, campaign_id: CampaignId, fed: _Fed, now: Milliseconds) -> None:
        if not fed.places or now >= fed.places_ms:
            fed.places = tuple(await self._leads.zones(campaign_id))
            fed.places_ms = now + PLACES_MS

    # -- taking back ---------------------------------------------------------------------------------------------------

    async def _take_back(self, engine: Engine, campaign_id: CampaignId) -> None:
        now, campaign = engine.now(), engine.state.campaigns[campaign_id]
        fed = self._fed.setdefault(campaign_id, _Fed())
        if now < fed.check_ms or not campaign.leads:
            return
        fed.check_ms = now + CHECK_MS
        in_line = [lead.lead_id for lead in campaign.leads]
        unknown = [lead_id for lead_id in in_line if lead_id not in fed.zones]
        if unknown:
            fed.zones.update(await self._leads.zones_of(unknown))
        fed.zones = {lead_id: fed.zones[lead_id] for lead_id in in_line if lead_id in fed.zones}
        project_id = ProjectId(self._centre.campaigns[campaign_id].project)
        gone = set(await self._leads.barred(in_line, project_id=project_id))
        gone.update(each for each in in_line if not self._may_call_in(fed.zones.get(each, ""), campaign_id, now))
        if gone:
            back = tuple(lead_id for lead_id in in_line if lead_id in gone)
            await engine.handle(LeadsTakenBack(campaign_id=campaign_id, lead_ids=back))
            log.info("%d leads taken back", len(back), extra={"action": "leads_taken_back", "campaign": campaign_id})

    def _may_call_in(self, zones: str, campaign_id: CampaignId, now: Milliseconds) -> bool:
        written = self._centre.campaign_hours(self._centre.campaigns[campaign_id])
        return self._places.are_open(zones.split(), written, now)

    def _forget(self, state: State) -> None:
        """Numbers that nobody needs, once they were not needed twice in a row."""
        if len(self._callees) <= MOST:
            return
        used = frozenset(_in_use(state))
        unused = frozenset(self._callees) - used
        for key in unused & self._unused:
            del self._callees[key]
        self._unused = unused


def _leads_in_use(state: State, campaign: Campaign) -> frozenset[LeadId]:
    """In line or being tried."""
    tried = (dial.lead.lead_id for dial in state.dials.values() if dial.campaign_id == campaign.id)
    return frozenset((*(lead.lead_id for lead in campaign.leads), *tried))


def _in_use(state: State) -> Iterator[tuple[CampaignId, LeadId]]:
    """Of every campaign: in line, being tried, or in an agent's hands."""
    for campaign in state.campaigns.values():
        for lead in campaign.leads:
            yield campaign.id, lead.lead_id
    for dial in state.dials.values():
        yield dial.campaign_id, dial.lead.lead_id
    for contact in state.contacts.values():
        if contact.campaign_id is not None and contact.lead_id is not None:
            yield contact.campaign_id, contact.lead_id
