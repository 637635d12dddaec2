"""The switch of an engine, what it asks about contacts and leads, the ledger of `queue_log`, and what the ACD says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from cti import prompts, variables
from cti.asterisk.calls import Customer, Display
from cti.asterisk.endpoints import Media
from cti.asterisk.ledger import Ledger
from cti.asterisk.lookups import Lookups
from cti.asterisk.queue_log_writer import QueueLogWriter
from cti.asterisk.sayings import Sounds
from cti.asterisk.switch import Address, AsteriskSwitch
from cti.config import Centre, Language
from cti.domain.ids import CampaignId, ContactId, DestinationId, LeadId, NodeId, QueueId
from cti.engine.engine import Engine
from cti.home import PortPlan
from cti.ports import Particulars
from cti.ports.campaigns import Callee
from cti.wiring.ground import Ground

NODE: Final = NodeId(variables.NODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who tells the switch about a contact and about a lead: parts that are made after it."""

    particulars: Callable[[ContactId], Particulars | None]
    callee: Callable[[CampaignId, LeadId], Callee | None]


def make_switch(ground: Ground, sounds: Sounds, told: Told) -> AsteriskSwitch:
    """The one Asterisk of this home, not connected yet."""
    home, centre, seat = ground.home, ground.centre, ground.seat
    return AsteriskSwitch(
        node=NODE,
        address=Address(
            host=PortPlan.CENTRE_ADDRESS,
            ari_port=home.ports.http,
            ari_username=home.secrets.ari_user,
            ari_password=home.secrets.ari_password,
            ami_port=home.ports.ami,
            ami_username=home.secrets.ami_user,
            ami_password=home.secrets.ami_password,
        ),
        media=Media(bind=home.settings.bound_address),
        region=centre.country,
        lookups=Lookups(
            music=lambda queue_id: _music(centre, queue_id),
            display=lambda contact_id: _display(told.particulars(contact_id)),
            customer=lambda contact_id: _customer(centre, told.particulars(contact_id)),
            caller_id=next(iter(centre.trunks.values())).caller_id,
            sounds=sounds,
            greeting=lambda destination: _greeting(centre, destination),
            lead=lambda campaign_id, lead_id: _callee(centre, campaign_id, told.callee(campaign_id, lead_id)),
            apology=lambda campaign_id: _message(centre, campaign_id),
        ),
        may_send=lambda: seat.leadership.leads,
        replaced=seat.challenged,
    )


def make_ledger(ground: Ground, switch: AsteriskSwitch, engine: Engine) -> Ledger:
    """`queue_log` and the lamps, told of each decision."""
    home, metrics = ground.home, ground.metrics
    ledger = Ledger(
        state=lambda: engine.state,
        extension=switch.extension_of,
        writer=QueueLogWriter(
            host=PortPlan.CENTRE_ADDRESS,
            port=home.ports.ami,
            username=home.secrets.ami_user,
            password=home.secrets.ami_password,
            may_send=lambda: ground.seat.leadership.leads,
        ),
        occupation=switch.occupation,
    )
    metrics.gauge("triune_queue_log_backlog", "Lines of queue_log not written yet", lambda: ledger.writer.backlog)
    metrics.gauge("triune_queue_log_lost", "Lines of queue_log that were left out", lambda: ledger.writer.lost)
    ground.hub.followers.append(ledger.decided)
    return ledger


@contextlib.asynccontextmanager
async def sounds_of(ground: Ground) -> AsyncIterator[tuple[Sounds, Callable[[], None]]]:
    """What the ACD says. The second has those sounds made, in threads of their own, that are not in the cache yet, and
    is to be called again when there is another centre file.
    """
    centre = ground.centre
    made = prompts.Prompts(ground.home.prompts, speech=await asyncio.to_thread(prompts.Speech.find))
    known = prompts.said_by_acd(centre)

    def prepare() -> None:
        known.update(prompts.said_by_acd(centre))
        made.prepare(known.values())

    def sound(key: str, language: str) -> str | None:
        prompt = known.get(key)
        return made.ready(prompt, Language(language)) if prompt is not None and language in list(Language) else None

    try:
        yield sound, prepare
    finally:
        made.close()


def softphone_ws_url(ground: Ground) -> str:
    """Straight to the switch on this machine; from elsewhere by the web, under whatever name the page itself came."""
    return switch_ws_url(ground) if ground.home.settings.is_loopback else "/sip"


def switch_ws_url(ground: Ground) -> str:
    """Where the switch takes SIP over WebSocket."""
    return f"ws://{PortPlan.CENTRE_ADDRESS}:{ground.home.ports.http}/ws"


def campaign_number(centre: Centre, campaign_id: CampaignId) -> str:
    """What a campaign's callees see; "" for one that the centre file does not have any more."""
    campaign = centre.campaigns.get(campaign_id)
    return centre.campaign_number(campaign) if campaign is not None else ""


def _music(centre: Centre, queue_id: QueueId) -> str:
    queue = centre.queues.get(queue_id)
    return queue.music if queue is not None else "default"


def _display(known: Particulars | None) -> Display:
    return Display() if known is None else Display(name=known.name, number=known.address)


def _customer(centre: Centre, known: Particulars | None) -> Customer:
    if known is None:
        return Customer()
    sees = centre.shown_number(known.project_id, dialled=known.dialled)
    return Customer(number=known.address, language=known.language or Language.EN, sees=sees)


def _callee(centre: Centre, campaign_id: CampaignId, known: Callee | None) -> Customer:
    if known is None:
        return Customer()
    sees = campaign_number(centre, campaign_id)
    return Customer(number=known.number, language=known.language or Language.EN, sees=sees)


def _message(centre: Centre, campaign_id: CampaignId) -> str | None:
    campaign = centre.campaigns.get(campaign_id)
    return campaign.message if campaign is not None else None


def _greeting(centre: Centre, destination: DestinationId) -> str | None:
    place = centre.destinations.get(destination)
    return place.voicemail.prompt if place is not None and place.voicemail is not None else None
