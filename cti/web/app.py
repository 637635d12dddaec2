"""Puts the web together: routes, the hub's life, the edge. Called by `cti.app`; served by `cti.web.server`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fastapi import FastAPI
from starlette.types import Lifespan

from cti.config import Centre
from cti.errors import OutsideError
from cti.metrics import Metrics
from cti.ports import Accounts, Engine, Enrolment, History, People, Reasons
from cti.ports.campaigns import Campaigns
from cti.ports.chat import Chats
from cti.ports.desks import Desks
from cti.ports.recordings import Recordings
from cti.ports.surveys import Surveys
from cti.ports.templates import Templates
from cti.web import (
    acts,
    administration,
    call_routes,
    callback_routes,
    campaign_routes,
    chat_routes,
    chat_visitors,
    contact_routes,
    desk_routes,
    events,
    ivr_routes,
    level_routes,
    mail_routes,
    monitor_routes,
    openapi,
    ops_routes,
    park_routes,
    problems,
    recording_routes,
    session_routes,
    sip,
    supervision,
    survey_routes,
    template_routes,
    transfer_routes,
    voicemail_routes,
    waits,
    why_routes,
    widget,
)
from cti.web.call_desk import Calls
from cti.web.callback_desk import Callbacks
from cti.web.callback_tickets import Tickets
from cti.web.campaign_board import CampaignBoard
from cti.web.chat_desk import ChatDesk
from cti.web.chat_limits import Visitors
from cti.web.edge import Edge
from cti.web.guard import Parts
from cti.web.health import LoopLag, Reign
from cti.web.hub import Hub
from cti.web.mail_desk import MailDesk
from cti.web.pages import Pages
from cti.web.recording_desk import RecordingDesk
from cti.web.roster import Roster
from cti.web.screens import Screens
from cti.web.sessions import Sessions
from cti.web.voicemail_desk import VoicemailDesk

log = logging.getLogger(__name__)

START_RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """How the web is reached, and what it is known by."""

    signing_key: str
    """Of sessions, tickets and visitors."""
    ivr_token: str
    softphone_ws_url: str
    secure_cookies: bool
    """Whether browsers come over TLS."""
    ui_dir: Path | None = None
    """The built pages."""
    sip_target: str | None = None
    """The WebSocket of Asterisk that `/sip` leads to."""
    origins: Collection[str] = ()
    """Further origins that pages may come from, behind a proxy that changes Host."""
    shop: bool = False
    """Serve the demo's customer page."""


def create_app(
    *,
    front: Front,
    engine: Engine,
    hub: Hub,
    people: People,
    history: History,
    reasons: Reasons,
    accounts: Accounts,
    enrolment: Enrolment,
    centre: Centre,
    metrics: Metrics,
    chats: Chats,
    calls: Calls,
    templates: Templates | None = None,
    campaigns: Campaigns | None = None,
    mail: MailDesk | None = None,
    voicemail: VoicemailDesk | None = None,
    reign: Callable[[], Reign] = Reign,
    surveys: Surveys | None = None,
    recordings: Recordings | None = None,
    desks: Desks | None = None,
) -> FastAPI:
    """The ASGI app. The engine's state must stand already when the app is started.

    `reign` says how it stands with this engine's lead. Long since it names every part once, and does nothing else.
    """
    key = front.signing_key
    roster = Roster(people=people, centre=centre, softphone_ws_url=front.softphone_ws_url)
    chat_desk = ChatDesk(presence=hub.presence, roster=roster)
    chats.watch(chat_desk)
    if campaigns is not None:
        hub.campaigns = CampaignBoard(
            campaigns=campaigns, centre=centre, engine=engine, roster=roster, presence=hub.presence
        )
    parts = Parts(
        reign=reign,
        engine=engine,
        hub=hub,
        presence=hub.presence,
        roster=roster,
        screens=Screens(centre=centre, roster=roster),
        people=people,
        history=history,
        reasons=reasons,
        accounts=accounts,
        enrolment=enrolment,
        sessions=Sessions(signing_key=key),
        metrics=metrics,
        lag=LoopLag(metrics),
        centre=centre,
        ivr_token=front.ivr_token,
        secure_cookies=front.secure_cookies,
        chats=chats,
        calls=calls,
        chat_desk=chat_desk,
        visitors=Visitors(signing_key=key),
        templates=templates,
        campaigns=campaigns,
        mail=mail,
        voicemail=voicemail,
        surveys=surveys,
        recordings=RecordingDesk(recordings, centre=centre, signing_key=key) if recordings is not None else None,
        desks=desks,
        callbacks=Callbacks(engine=engine, centre=centre, metrics=metrics, tickets=Tickets(signing_key=key)),
    )
    _measure(parts)
    return _behind(front, parts)


def _measure(parts: Parts) -> None:
    metrics, engine, visitors = parts.metrics, parts.engine, parts.visitors
    metrics.gauge(
        "triune_contacts", "Live contacts by state", lambda: ops_routes.contacts_by_state(engine), label="state"
    )
    metrics.gauge(
        "triune_agents", "Agents by readiness", lambda: ops_routes.agents_by_readiness(engine), label="readiness"
    )
    metrics.gauge(
        "triune_expected_wait_error_percent",
        "How wrong recent estimates of the wait were, by queue",
        lambda: waits.errors_percent(engine.state),
        label="queue",
    )
    metrics.gauge("triune_chat_pages", "Visitors' pages with an open chat", lambda: visitors.page_count)
    metrics.gauge("triune_switch_up", "Whether Asterisk answers", lambda: int(engine.switch_up))


def _behind(front: Front, parts: Parts) -> FastAPI:
    """The routes, with these parts behind them and the edge before them."""
    app = bare_app(life=lambda _: _living(parts))
    app.state.parts = parts
    app.state.sip_target = front.sip_target
    app.add_middleware(Edge, softphone_ws_url=front.softphone_ws_url, origins=front.origins)
    if front.shop:
        app.add_route("/demo/shop", widget.to_shop)
        app.mount("/demo/shop", widget.Shop(), name="shop")
    app.mount("/", Pages(front.ui_dir or Path("/nonexistent")), name="pages")
    return app


@contextlib.asynccontextmanager
async def _living(parts: Parts) -> AsyncIterator[None]:
    """What goes on beside the routes, for as long as the app runs."""
    hub, roster, engine = parts.hub, parts.roster, parts.engine
    await _first_roster(roster)
    hub.start(engine=engine, roster=roster, screens=parts.screens)
    hub.presence.start(engine=engine, roster=roster)
    roster.changed = hub.presence.close_person
    tasks = [asyncio.create_task(roster.keep_fresh(hub.presence.sweep)), asyncio.create_task(parts.lag.measure())]
    if hub.campaigns is not None:
        tasks.append(asyncio.create_task(hub.campaigns.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hub.stop()


async def _first_roster(roster: Roster) -> None:
    """A database that is away at start delays nobody's call: the roster comes when it is back."""
    try:
        async with asyncio.timeout(START_RETRY_S):
            await roster.refresh()
    except (OutsideError, TimeoutError):
        log.warning("the directory does not answer yet", extra={"action": "roster_missing"})


def bare_app(life: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The routes without anything behind them: enough to describe the API."""
    app = FastAPI(
        title="Triune",
        version=metadata.version("triune"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
        lifespan=life,
    )
    for part in (
        session_routes,
        acts,
        desk_routes,
        contact_routes,
        call_routes,
        campaign_routes,
        mail_routes,
        voicemail_routes,
        monitor_routes,
        survey_routes,
        level_routes,
        supervision,
        why_routes,
        administration,
        template_routes,
        transfer_routes,
        recording_routes,
        park_routes,
        ivr_routes,
        ops_routes,
        events,
        sip,
        chat_routes,
        chat_visitors,
        widget,
        callback_routes,
    ):
        # The routes themselves: FastAPI's `include_router` makes each anew at the first request, which stops the loop
        # for a tenth of a second.
        app.router.routes.extend(part.router.routes)
    problems.install(app)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # as FastAPI tells one to
    return app
