"""For those who watch over the centre: `/healthz` and `/metrics`."""

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from cti.domain.states import ContactState
from cti.ports import Engine, Role
from cti.web.guard import AnyParts, identify
from cti.web.health import is_local
from cti.web.messages import Health
from cti.web.problems import Refusal, responses

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz(parts: AnyParts) -> Health:
    """Does the engine's loop turn, does it lead, and is Asterisk there?"""
    reign = parts.reign()
    return Health(
        leads=reign.leads,
        epoch=reign.epoch,
        spooling=reign.spooling,
        switch=parts.engine.switch_up,
        waiting=parts.hub.board.waiting_count,
        pages=parts.presence.page_count,
        loop_lag_ms=round(parts.lag.worst_ms, 1),
        refusing=parts.hub.refusing,
    )


@router.get("/metrics", response_class=PlainTextResponse, responses=responses(403))
async def metrics(request: Request, parts: AnyParts) -> PlainTextResponse:
    """Prometheus' text format; for this machine, or for an admin's session or token."""
    found = identify(request)
    if not is_local(request) and (found is None or found[0].role is not Role.ADMIN):
        raise Refusal(403, "not_allowed")
    return PlainTextResponse(parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def contacts_by_state(engine: Engine) -> dict[str, float]:
    """How many live contacts are in which state, every state named."""
    counted = Counter(contact.state for contact in engine.state.contacts.values())
    return {state.value: counted[state] for state in ContactState if state is not ContactState.CLOSED}


def agents_by_readiness(engine: Engine) -> dict[str, float]:
    """How many agents are how ready."""
    return dict(Counter(agent.readiness.value for agent in engine.state.agents.values()))
