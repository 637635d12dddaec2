"""A CRM that speaks JSON over HTTP, asked who a customer is; as `ports.Customers` and `ports.Source`.

Here: what a look-up is made of. The bounds of an exchange are `http_client`'s, the way in `http_access`'s, when to
leave the CRM alone `http_breaker`'s, what an answer means `http_mapping`'s. What comes back is never stored or logged.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers

from cti.config.crm import Crm
from cti.crm import addresses
from cti.crm.http_access import Secret, access
from cti.crm.http_breaker import Breaker, BreakerState, LeftAlone
from cti.crm.http_client import Answer, JsonClient, TooBusy
from cti.crm.http_mapping import Mapping
from cti.domain.ids import ProjectId
from cti.errors import OutsideError, RuleError
from cti.metrics import Metrics
from cti.ports import Card, Standing
from cti.sandbox import Template

log = logging.getLogger(__name__)

_NOBODY: Final = frozenset({204, 404, 410})
"""Statuses that say that there is no such customer."""
_NOT_LET_IN: Final = frozenset({401, 403})
_OUR_FAULT: Final = frozenset({400, 405, 406, 409, 411, 412, 413, 414, 415, 421, 422})
"""It works, but will not have this question: no reason to leave it alone."""


class Unwilling(OutsideError):
    """It refused the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is sent for one address."""

    url: str
    body: bytes | None


class HttpCrm:
    """One CRM of the centre file. Used on one loop; `close` at the end."""

    def __init__(
        self,
        crm: Crm,
        *,
        country: str,
        secret: Secret,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._crm = crm
        self._country = country
        self._deadline_s = crm.deadline_ms / 1000
        self._client = JsonClient(trusted=crm.trusted_hosts, deadline_s=self._deadline_s)
        self._access = access(crm, secret=secret, client=self._client)
        self._mapping = Mapping(crm, country=country)
        self._url = Template(crm.url, url=True)
        self._body = {name: Template(text) for name, text in crm.body.items()}
        self.breaker = Breaker(failures=crm.breaker.failures, pause_s=crm.breaker.pause_s, clock=clock)
        self._count = metrics.counter("triune_crm_lookups_total", "Look-ups in CRMs outside, by source and outcome")
        self._took = metrics.histogram("triune_crm_lookup_seconds", "How long look-ups in CRMs outside took")

    @property
    def name(self) -> str:
        """See `ports.Source`."""
        return self._crm.key

    async def find(self, address: str, *, project_id: ProjectId) -> Card | None:
        """See `ports.Customers`. None also for what is no address of a kind that this CRM is asked for."""
        if project_id != self._crm.project:
            return None
        question = self.question(address)
        if question is None:
            return None
        began = time.monotonic()
        outcome = "failed"
        try:
            card = await self._guarded(question)
            outcome = "unknown" if card is None else "found"
        except LeftAlone:
            outcome = "left_alone"
            raise
        finally:
            self._count.add(source=self.name, outcome=outcome)
            self._took.observe(time.monotonic() - began)
        return card

    async def standing(self, address: str, *, project_id: ProjectId) -> Standing | None:
        """See `ports.Customers`: none, since nobody waits for a CRM outside to be routed."""
        return None

    async def close(self) -> None:
        """End the connections."""
        await self._access.close()
        await self._client.close()

    def question(self, address: str) -> Question | None:
        """What would be sent; None when this CRM is not asked for such an address. Raises OutsideError."""
        try:
            wanted = addresses.normal(address, country=self._country)
        except RuleError:
            return None
        kind = addresses.kind_of(wanted)
        if kind.value not in self._crm.asks_for:
            return None
        given = _variables(wanted, kind)
        try:
            body = {name: template.render(**given) for name, template in self._body.items()}
            return Question(
                url=self._url.render(**given), body=json.dumps(body).encode() if self._crm.method == "POST" else None
            )
        except RuleError as error:
            raise OutsideError(f"The address of {self.name} cannot be made: {error}", transient=False) from error

    async def _guarded(self, question: Question) -> Card | None:
        """Ask unless it is to be left alone; tell the breaker what came of it."""
        before = self.breaker.state
        period = self.breaker.enter()
        try:
            async with asyncio.timeout(self._deadline_s):
                card = self._read(await self._ask(question))
        except Unwilling:
            self.breaker.succeeded(period)
            raise
        except TooBusy as error:
            self.breaker.failed(period, pause_s=error.retry_after_s)
            raise
        except TimeoutError as error:
            self.breaker.failed(period)
            raise OutsideError(f"It did not answer within {self._crm.deadline_ms} ms.") from error
        except OutsideError:
            self.breaker.failed(period)
            raise
        except BaseException:  # the caller gave up, or it is a bug: no word about the CRM
            self.breaker.abandoned(period)
            raise
        else:
            self.breaker.succeeded(period)
            return card
        finally:
            self._tell(before)

    async def _ask(self, question: Question) -> Answer:
        answer = await self._send(question)
        if answer.status in _NOT_LET_IN:
            self._access.refused()
            answer = await self._send(question)
        return answer

    async def _send(self, question: Question) -> Answer:
        headers = {**self._crm.headers, **await self._access.headers()}
        if question.body is not None:
            headers["Content-Type"] = "application/json"
        return await self._client.ask(self._crm.method, question.url, headers=headers, content=question.body)

    def _read(self, answer: Answer) -> Card | None:
        if answer.status in _NOBODY:
            return None
        if answer.status in _NOT_LET_IN:
            raise OutsideError(f"It does not let us in ({answer.status}): check the key.", transient=False)
        if answer.status in _OUR_FAULT:
            raise Unwilling(f"It refuses the question ({answer.status}): check the url.", transient=False)
        if answer.status not in (200, 201):
            raise OutsideError(f"It answers {answer.status}.")
        try:
            return self._mapping.card(answer.data)
        except RuleError as error:
            raise OutsideError(f"Its answer is of another shape than was written down. {error}") from error

    def _tell(self, before: BreakerState) -> None:
        """One line for each turn, not for each look-up."""
        now = self.breaker.state
        if now is not before:
            log.warning("the CRM %s is %s", self.name, now.value, extra={"action": f"crm_{now.value}"})


def sources(
    crms: Sequence[Crm], *, country: str, secret: Secret, metrics: Metrics
) -> dict[ProjectId, tuple[HttpCrm, ...]]:
    """All CRMs of a centre by project, with their breakers' states in the metrics."""
    made = [HttpCrm(crm, country=country, secret=secret, metrics=metrics) for crm in crms]
    rank = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 1.0, BreakerState.OPEN: 2.0}
    if made:
        metrics.gauge(
            "triune_crm_breaker",
            "Whether CRMs outside are asked: 0 yes, 1 on trial, 2 left alone",
            lambda: {crm.name: rank[crm.breaker.state] for crm in made},
            label="source",
        )
    by_project: dict[ProjectId, tuple[HttpCrm, ...]] = {}
    for crm, http in zip(crms, made, strict=True):
        project_id = ProjectId(crm.project)
        by_project[project_id] = (*by_project.get(project_id, ()), http)
    return by_project


def _variables(address: str, kind: addresses.AddressKind) -> dict[str, object]:
    """What the templates of the request may name."""
    given: dict[str, object] = {"address": address, "kind": kind.value, "digits": "", "national": ""}
    if kind is addresses.AddressKind.PHONE:
        number = phonenumbers.parse(address)
        given |= {"digits": address.removeprefix("+"), "national": phonenumbers.national_significant_number(number)}
    return given
