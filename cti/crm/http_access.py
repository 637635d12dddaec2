"""What a request to a CRM shows to be let in: nothing, a key, or a token by OAuth2's client credentials.

A secret is read when it is first needed and again after it was refused, so a new one is taken up without a restart. A
token is asked for once, however many wait for it, and anew before it ends while the old one still serves.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from urllib.parse import quote, urlencode

from cti.config.crm import Crm, CrmKey, CrmOAuth2
from cti.crm.http_client import JsonClient, NotUnderstood
from cti.errors import ConfigError, OutsideError

Secret = Callable[[str], str]
"""The secret of this name; raises ConfigError when there is none."""

TOKEN_DEADLINE_S: Final = 5.0
_LIFE_S: Final = 300.0
"""Of a token that does not say."""
_RENEW_AT: Final = 0.8
"""Of its life."""
_SPARE_S: Final = 5.0


class Access(Protocol):
    """How one CRM lets us in."""

    async def headers(self) -> Mapping[str, str]:
        """What to send along. Raises OutsideError."""

    def refused(self) -> None:
        """It was not let in: what is known is stale."""

    async def close(self) -> None:
        """Give up what is still asked."""


def access(crm: Crm, *, secret: Secret, client: JsonClient) -> Access:
    """What the centre file says of this CRM."""
    if crm.oauth2 is not None:
        return Token(crm.oauth2, secret=secret, client=client)
    return Key(crm.auth, secret=secret)


class Key:
    """A header with a key; without `key`, nothing."""

    def __init__(self, key: CrmKey | None, *, secret: Secret) -> None:
        self._key = key
        self._secret = secret
        self._headers: Mapping[str, str] | None = None

    async def headers(self) -> Mapping[str, str]:
        """See `Access`."""
        if self._headers is None:
            key = self._key
            self._headers = {} if key is None else {key.header: key.prefix + _read(self._secret, key.secret)}
        return self._headers

    def refused(self) -> None:
        """See `Access`."""
        self._headers = None

    async def close(self) -> None:
        """See `Access`."""


class Token:
    """A bearer token, renewed before it ends."""

    def __init__(
        self, oauth2: CrmOAuth2, *, secret: Secret, client: JsonClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._oauth2 = oauth2
        self._secret = secret
        self._client = client
        self._clock = clock
        self._token = ""
        self._renew_at = self._ends_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def headers(self) -> Mapping[str, str]:
        """See `Access`. Who gives up waiting leaves the asking to those after him."""
        now = self._clock()
        if now >= self._renew_at and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._renew())
            self._asking.add_done_callback(_looked_at)
        if now >= self._ends_at and self._asking is not None:
            await asyncio.shield(self._asking)
        return {"Authorization": f"Bearer {self._token}"}

    def refused(self) -> None:
        """See `Access`."""
        self._renew_at = self._ends_at = 0.0

    async def close(self) -> None:
        """See `Access`."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(TOKEN_DEADLINE_S):
                answer = await self._client.ask(
                    "POST", self._oauth2.token_url, headers=self._credentials(), content=self._form()
                )
        except TimeoutError as error:
            raise OutsideError("No token came in time.") from error
        given = answer.data if isinstance(answer.data, dict) else {}
        token, life = given.get("access_token"), given.get("expires_in", _LIFE_S)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise NotUnderstood(f"No token was given ({answer.status}): check client_id, secret and scope.")
        life_s = float(life) if isinstance(life, int | float) and life > 0 else _LIFE_S
        now = self._clock()
        self._token, self._renew_at = token, now + life_s * _RENEW_AT
        self._ends_at = now + max(life_s - _SPARE_S, life_s * _RENEW_AT)

    def _credentials(self) -> Mapping[str, str]:
        """The client in HTTP's own way (RFC 6749, 2.3.1), which every server must know."""
        pair = f"{quote(self._oauth2.client_id, safe='')}:{quote(_read(self._secret, self._oauth2.secret), safe='')}"
        return {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def _form(self) -> bytes:
        scope = {"scope": self._oauth2.scope} if self._oauth2.scope else {}
        return urlencode({"grant_type": "client_credentials", **scope}).encode()


def _read(secret: Secret, name: str) -> str:
    try:
        found = secret(name).strip()
    except ConfigError as error:
        raise OutsideError(str(error), transient=False) from error
    if not found.isascii() or not found.isprintable() or not found:
        raise OutsideError(f"The secret {name!r} must be one line of plain letters.", transient=False)
    return found


def _looked_at(task: asyncio.Task[None]) -> None:
    """A renewal that failed while the old token served is told to nobody; the next look-up tries again."""
    if not task.cancelled():
        task.exception()
