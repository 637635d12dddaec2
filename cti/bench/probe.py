"""An agent who asks to be ready until that is granted, and his phone: from outside, the first decision of an engine.

Used by `cti.bench.recovery` and `cti.bench.standby`, which kill engines.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import httpx

from cti import variables
from cti.bench import answering
from cti.bench.answering import Answering
from cti.bench.stage import Stage
from cti.demo.desk import API, COOKIE
from cti.errors import OutsideError
from cti.home import DemoAgent

_AGAIN_S: Final = 0.005


class Probe:
    """The agent who wants to be ready: his session, and his phone."""

    def __init__(
        self, http: httpx.AsyncClient, phone: Answering, person: DemoAgent, *, centre: Stage, reason: str
    ) -> None:
        self._http = http
        self._centre = centre
        self._reason = reason
        self.trouble = ""
        """The last refusal, as the centre put it."""
        self._phone = phone
        self._person = person

    async def registers(self) -> None:
        """Have his phone registered anew, as every phone does now and then. Raises OutsideError."""
        name = variables.agent_endpoint(self._person.extension)
        await self._phone.register(name, self._person.sip_password, self._centre.sip)

    def rung(self) -> "asyncio.Future[answering.Invited]":
        """The next INVITE at his phone."""
        return self._phone.next_for(variables.agent_endpoint(self._person.extension))

    async def wishes(self) -> None:
        """Ask to be ready until that is granted."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._http.post(f"{API}/agent/readiness", json={"ready": True})
                if answer.is_success:
                    return
                self.trouble = answer.text
            await asyncio.sleep(_AGAIN_S)

    async def rests(self) -> None:
        """Be not ready again. Raises OutsideError."""
        answer = await self._http.post(f"{API}/agent/readiness", json={"ready": False, "reason": self._reason})
        if answer.is_error:
            raise OutsideError(f"The centre does not let the agent be not ready: {answer.text}.")


@contextlib.asynccontextmanager
async def probe(centre: Stage, phone: Answering, person: DemoAgent, *, web: str) -> AsyncIterator[Probe]:
    """Sign him in at `web`, the address of whichever engine serves. Raises OutsideError."""
    async with httpx.AsyncClient(base_url=web, trust_env=False, timeout=5.0) as http:
        answer = await http.post(f"{API}/session", json={"login": person.login, "password": person.password})
        if COOKIE not in answer.cookies:
            raise OutsideError(f"The centre does not let {person.login} in.")
        reason = str(answer.json()["reasons"][0]["id"])
        yield Probe(http, phone, person, centre=centre, reason=reason)
