"""What becomes of a number that was typed on a customer's page: checked, promised, moved, cancelled.

Theory of operation. A request is a contact of medium callback: the ACD reserves an agent, rings him first and dials the
customer when he is there; for a later time it sleeps until then. It is answered when the contact is on disk. One form
makes one contact, however often its button is pressed. Whether a number is a customer's plays no part in any answer.

Not here: HTTP (`callback_routes`), which times there are (`callback_times`).
"""

import asyncio
import contextlib
import logging
import math
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import phonenumbers

from cti.callable import may_be_called_back, telephone_number
from cti.calling import is_denied
from cti.config import Centre
from cti.config.callback_pages import CallbackPage
from cti.domain.contact import Contact
from cti.domain.events import CallbackMoved, ContactArrived, ContactCancelled
from cti.domain.ids import ContactId, Medium, Milliseconds, QueueId
from cti.domain.states import ContactState
from cti.errors import OutsideError, RuleError
from cti.metrics import Metrics
from cti.ports import Arrival, Engine
from cti.web import waits
from cti.web.callback_limits import DAY_S, HOUR_S, Limits
from cti.web.callback_messages import CallbackPromise, CallbackTimes, CallbackWish, Standing
from cti.web.callback_tickets import Tickets, is_done
from cti.web.callback_times import Rules, beginning, is_offered, may_call_at, offered, zone_of
from cti.web.problems import Refusal

log = logging.getLogger(__name__)

_OPEN: Final = (ContactState.WAITING, ContactState.OFFERED)
_SPANS_S: Final = {"number": DAY_S, "address": HOUR_S}
_KEPT_FORMS: Final = 10_000
_TRIES: Final = 5
"""How many requests that come to nothing count as one of those that an address may make."""

Challenge = Callable[[CallbackPage, CallbackWish, str], Awaitable[bool]]
"""Whether a visitor at this network address has shown that he is a person; a hook for a service outside."""


@dataclass(slots=True, kw_only=True)
class Callbacks:
    """The desk for all pages. On the loop only."""

    engine: Engine
    centre: Centre
    metrics: Metrics
    tickets: Tickets
    challenge: Challenge | None = None
    limits: Limits = field(default_factory=Limits)
    _asked: OrderedDict[str, asyncio.Task[ContactId]] = field(default_factory=OrderedDict)
    """By the form's number, so that a second click is the first."""
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One thread looks for free times: strangers may ask as often as they like."""
    _booking: Counter[tuple[str, Milliseconds]] = field(default_factory=Counter)
    """Promised a moment ago, not in the engine's state yet."""

    def page(self, key: str) -> CallbackPage:
        """Raises Refusal."""
        page = self.centre.callback_pages.get(key)
        if page is None:
            raise Refusal(404, "not_found")
        return page

    async def times(self, page: CallbackPage, *, number: str, browser: str) -> CallbackTimes:
        """When this number may be called; one that is none yet counts as the browser's neighbour."""
        rules = self._rules(page, telephone_number(number, country=self.centre.country), browser)
        now = self.engine.now()
        open_now, taken = may_call_at(rules, now), self._taken(page)
        async with self._looking:
            free = await asyncio.to_thread(lambda: list(offered(rules, now=now, taken=taken)))
        return CallbackTimes(
            zone=rules.zone,
            now=open_now,
            expected_wait_ms=self._expected_ms(page) if open_now else None,
            slot_min=page.slot_min,
            times=free,
        )

    # -- asking ------------------------------------------------------------------------------------------------------

    async def ask(self, page: CallbackPage, wish: CallbackWish, *, source: str) -> CallbackPromise:
        """Take the request. Raises Refusal, RuleError (`callback_pending`, …), OutsideError: nothing is promised then.

        `source` is the visitor's network address; "" is this machine, which has no limit.
        """
        now = self.engine.now()
        form = self.tickets.read_form(wish.form, page.key, now)
        if form is None:
            raise self._refused("form_old", 422)
        if (asked := self._asked.get(form.number)) is None:
            self._spend(page, source)
            self._look_for_a_person(page, wish, now - form.made_ms)
            if self.challenge is not None and not await self.challenge(page, wish, source):
                raise self._refused("no_person", 422)
            asked = self._asked.get(form.number) or self._begin(page, wish, form.number, source)
        rules = self._rules(page, telephone_number(wish.number, country=self.centre.country), wish.zone)
        try:
            return self._promise(rules, await asyncio.shield(asked))
        except RuleError as error:
            if error.code == "callback_pending":
                raise self._refused("promised", 409) from error
            raise

    def _begin(self, page: CallbackPage, wish: CallbackWish, form: str, source: str) -> asyncio.Task[ContactId]:
        number = self._callable(wish.number)
        self._check_time(self._rules(page, number, wish.zone), wish.at_ms)
        wait_s = self.limits.wait_s("number", number, most=page.per_number_day)
        if wait_s:
            raise self._refused("often", 429, retry_after_s=wait_s)
        counted = {"number": number, **({"address": source} if source else {})}
        for kind, who in counted.items():
            self.limits.count(kind, who, span_s=_SPANS_S[kind])
        arrival = Arrival(
            address=number,
            name=_line(wish.name),
            language=page.spoken(wish.language),
            subject=_line(wish.about),
            source=f"callback\0{page.key}\0{form}",
        )
        task = asyncio.get_running_loop().create_task(self._arrive(page, wish.at_ms, self.engine.now(), arrival))
        task.add_done_callback(lambda done: self._settled(form, done, counted))
        self._asked[form] = task
        if len(self._asked) > _KEPT_FORMS:
            self._asked.popitem(last=False)
        return task

    async def _arrive(
        self, page: CallbackPage, at_ms: Milliseconds | None, arrived_ms: Milliseconds, arrival: Arrival
    ) -> ContactId:
        event = ContactArrived(
            medium=Medium.CALLBACK, queue_id=QueueId(page.queue), arrived_ms=arrived_ms, not_before_ms=at_ms
        )
        with self._booked(page, at_ms):
            contact_id = await self.engine.arrive(event, arrival)
        self._count(page, "promised")
        return contact_id

    @contextlib.contextmanager
    def _booked(self, page: CallbackPage, at_ms: Milliseconds | None) -> Iterator[None]:
        """Nobody else is promised this time while it is being promised."""
        if at_ms is None:
            yield
            return
        self._booking[page.key, at_ms] += 1
        try:
            yield
        finally:
            self._booking[page.key, at_ms] -= 1

    def _settled(self, form: str, task: asyncio.Task[ContactId], counted: Mapping[str, str]) -> None:
        """A request that failed may be made again with the same form, and does not count when we could not take it."""
        if not task.cancelled() and task.exception() is None:
            return
        self._asked.pop(form, None)
        if task.cancelled() or isinstance(task.exception(), OutsideError):
            for kind, who in counted.items():
                self.limits.take_back(kind, who)

    # -- afterwards --------------------------------------------------------------------------------------------------

    def standing(self, page: CallbackPage, promise: str, *, browser: str) -> CallbackPromise:
        """How it stands. Raises Refusal."""
        contact_id = self._held(page, promise)
        return self._promise(self._rules_of(page, contact_id, browser), contact_id)

    async def cancel(self, page: CallbackPage, promise: str, *, browser: str) -> CallbackPromise:
        """Take it back; one that is over already is over. Raises Refusal when an agent is at it."""
        contact_id = self._held(page, promise)
        rules = self._rules_of(page, contact_id, browser)
        if self._open(contact_id) is not None:
            await self.engine.handle(ContactCancelled(contact_id=contact_id))
            self._count(page, "cancelled")
        return self._promise(rules, contact_id)

    async def move(
        self, page: CallbackPage, promise: str, at_ms: Milliseconds | None, *, browser: str
    ) -> CallbackPromise:
        """Another time for it; its place by arrival stays. Raises Refusal, RuleError when it is over or under way."""
        contact_id = self._held(page, promise)
        contact, known = self._open(contact_id), self.engine.particulars(contact_id)
        if contact is None or known is None:
            raise self._refused("over", 409)
        rules = self._rules(page, known.address, browser)
        self._check_time(rules, at_ms)
        with self._booked(page, at_ms):
            await self.engine.handle(CallbackMoved(contact_id=contact_id, not_before_ms=at_ms))
        self._count(page, "moved")
        return self._promise(rules, contact_id)

    def _held(self, page: CallbackPage, promise: str) -> ContactId:
        contact_id = self.tickets.read_promise(promise, page.key, self.engine.now())
        if contact_id is None:
            raise self._refused("link_old", 404)
        return contact_id

    def _open(self, contact_id: ContactId) -> Contact | None:
        """The contact while nobody is at it; None when it is over. Raises Refusal when somebody is."""
        contact = self.engine.state.contacts.get(contact_id)
        if contact is not None and contact.state not in _OPEN:
            raise self._refused("calling", 409)
        return contact

    # -- what is asked of a request ----------------------------------------------------------------------------------

    def _spend(self, page: CallbackPage, source: str) -> None:
        """One try of this address. Raises Refusal when it has made too many, or was promised too much."""
        if not source:
            return
        waits_s = (
            self.limits.wait_s("address", source, most=page.per_address_hour),
            self.limits.wait_s("try", source, most=page.per_address_hour * _TRIES),
        )
        if wait_s := max(waits_s):
            raise self._refused("too_many", 429, retry_after_s=wait_s)
        self.limits.count("try", source, span_s=HOUR_S)

    def _look_for_a_person(self, page: CallbackPage, wish: CallbackWish, age_ms: Milliseconds) -> None:
        if wish.website:
            raise self._refused("no_person", 422)
        # Before what only the machine minds: pressing once more would not mend a wrong number.
        self._callable(wish.number)
        if age_ms < page.least_s * 1000:
            raise self._refused("too_quick", 422)
        if not is_done(wish.form, wish.work, bits=page.work_bits):
            raise self._refused("no_person", 422)

    def _callable(self, written: str) -> str:
        """The number in E.164, if it is one that is called. Raises Refusal that says what is wrong with it."""
        number = telephone_number(written, country=self.centre.country)
        if not number or not phonenumbers.is_valid_number(phonenumbers.parse(number)):
            raise self._refused("no_number", 422)
        if number in self.centre.numbers:
            raise self._refused("own_number", 422)
        if is_denied(number, self.centre.calling):
            raise self._refused("costly_number", 422)
        if not may_be_called_back(number, countries=self.centre.callback_countries):
            abroad = not may_be_called_back(number, countries=phonenumbers.SUPPORTED_REGIONS)
            raise self._refused("costly_number" if abroad else "foreign_number", 422)
        return number

    def _check_time(self, rules: Rules, at_ms: Milliseconds | None) -> None:
        now = self.engine.now()
        if at_ms is None:
            if not may_call_at(rules, now):
                raise self._refused("closed", 409)
        elif not is_offered(rules, at_ms, now=now, taken=self._taken(rules.page)):
            raise self._refused("time_gone", 409)

    def _rules(self, page: CallbackPage, number: str, browser: str) -> Rules:
        queue = self.engine.state.queue(QueueId(page.queue))
        callback = queue.rules.callback
        hours = self.engine.state.hours.get(callback.hours) if callback and callback.hours else None
        default = hours.tz if hours is not None else next(iter(self.centre.sites.values())).tz
        return Rules(page=page, hours=hours, zone=zone_of(number, browser=browser, default=default))

    def _rules_of(self, page: CallbackPage, contact_id: ContactId, browser: str) -> Rules:
        known = self.engine.particulars(contact_id)
        return self._rules(page, known.address if known is not None else "", browser)

    def _taken(self, page: CallbackPage) -> Counter[Milliseconds]:
        """How many callbacks are promised for each of the page's times."""
        contacts = self.engine.state.contacts
        found = Counter({at_ms: count for (key, at_ms), count in self._booking.items() if key == page.key})
        for contact_id in self.engine.state.callbacks.values():
            contact = contacts.get(contact_id)
            if contact is not None and contact.queue_id == page.queue and contact.asleep_until_ms is not None:
                found[beginning(page, contact.asleep_until_ms)] += 1
        return found

    # -- what is told ------------------------------------------------------------------------------------------------

    def _promise(self, rules: Rules, contact_id: ContactId) -> CallbackPromise:
        contact = self.engine.state.contacts.get(contact_id)
        standing: Standing = "over" if contact is None else "waiting" if contact.state in _OPEN else "calling"
        at_ms = contact.asleep_until_ms if contact is not None else None
        waits_now = contact is not None and contact.state is ContactState.WAITING and at_ms is None
        return CallbackPromise(
            promise=self.tickets.promise(rules.page.key, contact_id, self.engine.now()),
            standing=standing,
            at_ms=at_ms,
            zone=rules.zone,
            slot_min=rules.page.slot_min,
            position=max(1, self.engine.state.index.position(contact, self.engine.now()))
            if contact is not None and waits_now
            else None,
            expected_wait_ms=contact.expected_ms if contact is not None and waits_now else None,
        )

    def _expected_ms(self, page: CallbackPage) -> Milliseconds | None:
        state, queue_id = self.engine.state, QueueId(page.queue)
        return waits.newcomer_ms(state, queue_id, waiting=state.index.in_line(queue_id), free=0)

    def _refused(self, code: str, status: int, *, retry_after_s: float | None = None) -> Refusal:
        self.metrics.counter(_METRIC, _ABOUT).add(page="", outcome=code)
        if retry_after_s is None:
            return Refusal(status, f"callback_{code}")
        return Refusal(
            status,
            f"callback_{code}",
            retry_after_s=math.ceil(retry_after_s),
            minutes=max(1, math.ceil(retry_after_s / 60)),
        )

    def _count(self, page: CallbackPage, outcome: str) -> None:
        self.metrics.counter(_METRIC, _ABOUT).add(page=page.key, outcome=outcome)


_METRIC: Final = "triune_web_callbacks_total"
_ABOUT: Final = "Callbacks asked for on customers' pages, by page and outcome"


def _line(text: str) -> str:
    """On one line, with what can be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
