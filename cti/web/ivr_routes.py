"""What the IVR asks of the engine. Known by its token; what it sends is never logged."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header

from cti.web.guard import AnyParts
from cti.web.messages import AccountQuestion, AccountReply
from cti.web.problems import Refusal, responses

router = APIRouter(prefix="/api/v1/ivr", tags=["ivr"])


@router.post("/accounts/check", responses=responses(401))
async def check_account(
    given: AccountQuestion,
    parts: AnyParts,
    x_triune_token: Annotated[str, Header(max_length=200)] = "",
) -> AccountReply:
    """Is this the account's PIN? Wrong tries are counted per account; `locked` says that no PIN is taken any more."""
    if not hmac.compare_digest(x_triune_token.encode(), parts.ivr_token.encode()):
        raise Refusal(401, "not_signed_in")
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
