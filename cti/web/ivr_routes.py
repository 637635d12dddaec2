"""What the IVR asks of the engine. Known by its token; what it sends is never logged."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header

from cti.callable import telephone_number
from cti.domain.ids import QueueId
from cti.ports import CallerLost
from cti.web import screens
from cti.web.guard import AnyParts, Parts
from cti.web.messages import AccountQuestion, AccountReply, LostCaller
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1/ivr", tags=["ivr"])


@router.post("/lost", status_code=202, responses=responses(401))
async def tell_of_lost_caller(
    given: LostCaller,
    parts: AnyParts,
    x_triune_token: Annotated[str, Header(max_length=200)] = "",
) -> None:
    """A caller reached nobody in the IVR. Cut off with the switch, he is called back; else a task is made of it, where
    his queue wants that. At most one per number, however often it is told; on disk when it is answered.
    """
    must_be_ivr(x_triune_token, parts)
    await parts.engine.hear_of_lost(
        CallerLost(
            queue_id=QueueId(given.queue_id),
            number=telephone_number(given.number, country=parts.centre.country),
            name=screens.text(given.name, limit=80),
            dialled=given.dialled,
            language=given.language,
            path=given.path,
            why=given.why,
            at_ms=given.at_ms,
        )
    )


@router.post("/accounts/check", responses=responses(401))
async def check_account(
    given: AccountQuestion,
    parts: AnyParts,
    x_triune_token: Annotated[str, Header(max_length=200)] = "",
) -> AccountReply:
    """Is this the account's PIN? Wrong tries are counted per account; `locked` says that no PIN is taken any more."""
    must_be_ivr(x_triune_token, parts)
    state = await parts.accounts.check(given.account, given.pin)
    return AccountReply(
        result=state.answer,
        tries_left=state.tries_left,
        balance_minor=state.balance_minor,
        currency=state.currency,
        status=state.status,
        ends_on=state.ends_on,
        tariff=state.tariff,
        language=state.language,
    )


def must_be_ivr(token: str, parts: Parts) -> None:
    """Raises Refusal for whoever does not know the IVR's word."""
    if not hmac.compare_digest(token.encode(), parts.ivr_token.encode()):
        raise Refusal(401, "not_signed_in")
