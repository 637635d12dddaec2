"""Calls that go out: agents' clicks, campaigns with their leads, and who must not be called."""

import contextlib
from dataclasses import dataclass
from typing import Self

from cti.campaigns.desk import CampaignDesk
from cti.campaigns.feeder import Feeder
from cti.campaigns.pace import Pace
from cti.engine import people
from cti.engine.engine import Engine
from cti.engine.tasks import Supervised
from cti.store.do_not_call import StoredDoNotCall
from cti.store.leads import StoredLeads
from cti.web.call_desk import Calls, Clicks
from cti.wiring.ground import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """Made before the engine, which asks the feeder for callees."""

    ground: Ground
    clicks: Clicks
    feeder: Feeder
    campaigns: CampaignDesk
    do_not_call: StoredDoNotCall

    @classmethod
    def on(cls, ground: Ground) -> Self:
        """All of it; the campaigns' page is told of each decision."""
        pace = Pace()
        leads = StoredLeads(ground.database)
        feeder = Feeder(
            leads=leads,
            centre=ground.centre,
            reached=ground.history.reached,
            address_key=people.keyed(ground.home.secrets.session_key.encode()),
            pace=pace,
        )
        campaigns = CampaignDesk(leads=leads, centre=ground.centre, feeder=feeder, pace=pace)
        ground.hub.followers.append(campaigns.decided)
        return cls(
            ground=ground,
            clicks=Clicks(ground.metrics),
            feeder=feeder,
            campaigns=campaigns,
            do_not_call=StoredDoNotCall(ground.database),
        )

    def calls(self, engine: Engine) -> Calls:
        """What an agent's click asks for."""
        return Calls(
            engine=engine,
            centre=self.ground.centre,
            registry=self.do_not_call,
            people=self.ground.directory,
            customers=self.ground.customers,
            clicks=self.clicks,
        )

    def begin(self, engine: Engine, tasks: Supervised, stack: contextlib.AsyncExitStack) -> None:
        """The engine runs: feed it."""
        tasks.start("do not call", self.do_not_call.keep_fresh)
        tasks.start("feeder", lambda: self.feeder.run(engine))
        tasks.start("campaigns", lambda: self.campaigns.run(engine))
        stack.push_async_callback(self.campaigns.stop)
