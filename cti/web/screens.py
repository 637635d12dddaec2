"""What one agent's screen shows of a contact: views built from the ACD's records, in his language.

Pure: every input is given. Not here: when a view is sent (`cti.web.hub`), who waits and who is where
(`cti.web.board`). Money, numbers and IVR steps are put into words here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

import phonenumbers

from cti import actions
from cti.config import Centre
from cti.domain.agent import Agent
from cti.domain.assignment import Assignment, awaits_word
from cti.domain.contact import Contact
from cti.domain.ids import LegCause, Medium, ProjectId
from cti.domain.states import AssignmentState
from cti.ports import Card, CodeKind, Particulars
from cti.web import words
from cti.web.campaign_messages import CampaignContact, LineState
from cti.web.messages import (
    AssignmentView,
    CardSource,
    CardView,
    ContactView,
    ContractView,
    DetailView,
    MyState,
    PastContactView,
    PathStep,
)
from cti.web.monitor_messages import ListenerView, MonitorView
from cti.web.roster import Roster, spoken
from cti.web.transfer_messages import AskedView, PartyView

CardState = Literal["loading", "found", "unknown", "unavailable"]
Shown = Literal["offered", "ringing", "dialling", "active", "held", "paused", "rejoining", "wrap_up"]

_STATES: Final[dict[AssignmentState, Shown]] = {
    AssignmentState.OFFERED: "offered",
    AssignmentState.ACTIVE: "active",
    AssignmentState.HELD: "held",
    AssignmentState.PAUSED: "paused",
    AssignmentState.REJOINING: "rejoining",
    AssignmentState.WRAP_UP: "wrap_up",
}
_NO_MINOR_UNITS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Currencies of ISO 4217 without a minor unit in use."""
_SIGNS: Final = {"RUB": "₽", "EUR": "€", "USD": "$", "GBP": "£"}
_TEXT_LIMIT: Final = 200
"""Most characters shown of what a stranger's network or form said."""


class Screens:
    """Builds the views; knows the names that stand in the centre file and the directory."""

    def __init__(self, *, centre: Centre, roster: Roster) -> None:
        self._centre = centre
        self._roster = roster

    def assignment(
        self,
        assignment: Assignment,
        contact: ContactView,
        *,
        card: CardView | None,
        card_state: CardState,
        sources: Sequence[CardSource],
        muted: bool,
        dialling: bool = False,
        campaign: CampaignContact | None = None,
        parties: Sequence[PartyView] = (),
        monitored: Sequence[ListenerView] = (),
    ) -> AssignmentView:
        """One contact on the agent's screen. `dialling`: its customer is being called just now."""
        return AssignmentView(
            assignment_id=assignment.id,
            state="dialling" if dialling else _shown(assignment),
            contact=contact,
            card=card,
            card_state=card_state,
            card_sources=list(sources),
            device=assignment.device,
            muted=muted,
            offered_ms=assignment.offered_ms,
            started_ms=assignment.started_ms,
            held_since_ms=assignment.held_ms if assignment.state is AssignmentState.HELD else None,
            until_ms=assignment.ring_until_ms if dialling else _until_ms(assignment),
            wait_ms=max(0, assignment.offered_ms - contact.arrived_ms),
            missed=assignment.missed,
            suggested=self._suggested(assignment, contact.project_id),
            preview=awaits_word(assignment),
            campaign=campaign,
            parties=list(parties),
            monitored=list(monitored),
            handed_over=assignment.handed_over is not None,
        )

    @property
    def tells_agents(self) -> bool:
        """Whether an agent's page says who listens."""
        return self._centre.monitoring.tell_agents

    def _suggested(self, assignment: Assignment, project_id: str) -> str | None:
        calling = self._centre.calling.projects.get(project_id)
        return calling.missed.get(assignment.missed) if calling is not None and assignment.missed is not None else None

    def contact(self, contact: Contact, particulars: Particulars | None, *, language: str) -> ContactView:
        """The contact as far as is known; a contact whose particulars are gone shows as withheld."""
        return ContactView(
            contact_id=contact.id,
            medium=contact.medium,
            project_id=contact.project_id,
            project=self.project_name(contact.project_id, language),
            queue_id=contact.queue_id,
            queue=self.queue_name(contact.queue_id, language),
            arrived_ms=contact.arrived_ms,
            address=address(particulars.address) if particulars else "",
            name=text(particulars.name) if particulars else "",
            dialled=address(particulars.dialled) if particulars else "",
            language=text(particulars.language) if particulars else "",
            path=self.path(text(particulars.path, limit=512), language=language) if particulars else [],
            account=text(particulars.account) if particulars else "",
            subject=text(particulars.subject, limit=1000) if particulars else "",
            outbound=contact.outbound,
        )

    def card(self, card: Card, *, project_id: ProjectId, language: str) -> CardView:
        """The customer's card."""
        return CardView(
            customer_id=card.customer_id,
            name=card.name,
            tier=card.tier,
            language=card.language,
            phones=[address(phone) for phone in card.phones],
            emails=list(card.emails),
            contracts=[
                ContractView(
                    number=contract.number,
                    kind=contract.kind,
                    status=contract.status,
                    balance=money(contract.balance_minor, contract.currency, language=language),
                    ends_on=contract.ends_on,
                )
                for contract in card.contracts
            ],
            past=[
                PastContactView(
                    contact_id=past.contact_id,
                    medium=past.medium,
                    queue=self.queue_name(past.queue_id, language),
                    arrived_ms=past.arrived_ms,
                    agent=past.agent_name,
                    disposition=self._roster.title(CodeKind.DISPOSITION, past.disposition, project_id, language),
                    note=past.note,
                )
                for past in card.past
            ],
            source=card.source,
            details=[
                DetailView(
                    name=detail.ru if words.language_of(language) == "ru" else detail.en,
                    value=text(detail.value),
                    link=detail.link,
                    source=detail.source,
                )
                for detail in card.details
            ],
            origins=dict(card.origins),
        )

    def sources(self, states: Mapping[str, CardState], *, language: str) -> list[CardSource]:
        """Who was asked for the card, by the names that the centre file gives them; the own base has none."""
        return [
            CardSource(source=key, name=self.source_name(key, language), state=state) for key, state in states.items()
        ]

    def source_name(self, key: str, language: str) -> str:
        """The CRM's name; "" for the own base."""
        crm = self._centre.crm.get(key)
        return crm.name.in_language(spoken(language)) if crm is not None else ""

    def path(self, path: str, *, language: str) -> list[PathStep]:
        """The caller's way through the IVR in words; `path` is `cti.variables.PATH`."""
        steps = [step.partition(":") for step in path.split(";") if step]
        return [PathStep(menu=menu, key=key, title=self._step(menu, key, language)) for menu, _, key in steps]

    def _step(self, menu: str, key: str, language: str) -> str:
        found = self._centre.menus.get(menu)
        action = found.options.get(key) if found else None
        if action is not None:
            return self._action(action, language)
        return words.step(f"{menu}:{key}", language) or words.step(key, language) or key

    def _action(self, action: actions.Action, language: str) -> str:
        match action:
            case actions.ToQueue(queue):
                return self.queue_name(queue, language)
            case actions.ChooseLanguage(code):
                return words.step("language", language, name=code) or code
            case actions.ToMenu(name) | actions.ToHours(name):
                return name
            case _:
                code = type(action).__name__.removeprefix("To").lower()
                return words.step(code, language) or code

    def queue_name(self, queue_id: str, language: str) -> str:
        """The queue's name; the key when the centre file has it no longer."""
        queue = self._centre.queues.get(queue_id)
        return queue.name.in_language(spoken(language)) if queue else queue_id

    def destination_name(self, key: str, language: str) -> str:
        """The destination's name; the key when the centre file has it no longer."""
        destination = self._centre.destinations.get(key)
        return destination.name.in_language(spoken(language)) if destination else key

    def project_name(self, project_id: str, language: str) -> str:
        """The project's name; the key when the centre file has it no longer."""
        project = self._centre.projects.get(project_id)
        return project.name.in_language(spoken(language)) if project else project_id


def rings(medium: Medium) -> bool:
    """Whether an offer on this medium rings the agent's phone; any other is accepted on the desktop."""
    return medium in (Medium.VOICE, Medium.CALLBACK)


def line_of(agent: Agent) -> LineState:
    """Of the phone of an agent who stays connected."""
    if agent.line_leg is None:
        return "off"
    return "up" if agent.line_up else "ringing"


def my_state(
    agent: Agent,
    *,
    line_lost: LegCause | None = None,
    asked: AskedView | None = None,
    monitoring: MonitorView | None = None,
) -> MyState:
    """What an agent's page shows of himself."""
    return MyState(
        readiness=agent.readiness,
        reason=agent.reason,
        since_ms=agent.since_ms,
        device=agent.device,
        phones=list(agent.phones),
        leaving=agent.leaving,
        line=line_of(agent),
        line_wanted=agent.wants_line,
        line_lost=line_lost if agent.wants_line and agent.line_leg is None else None,
        asked=asked,
        monitoring=monitoring,
    )


def _shown(assignment: Assignment) -> Shown:
    if assignment.state is AssignmentState.OFFERED and assignment.leg_id is not None:
        return "ringing"
    return _STATES.get(assignment.state, "wrap_up")


def _until_ms(assignment: Assignment) -> int | None:
    match assignment.state:
        case AssignmentState.OFFERED if awaits_word(assignment):
            return assignment.lease_until_ms
        case AssignmentState.OFFERED:
            return assignment.ring_until_ms if rings(assignment.medium) else assignment.lease_until_ms
        case AssignmentState.REJOINING:
            return assignment.rejoin_until_ms
        case AssignmentState.WRAP_UP:
            return assignment.wrap_up_until_ms
        case _:
            return None


def text(given: str, *, limit: int = _TEXT_LIMIT) -> str:
    """What a stranger's network or form said, as text that JSON can carry (no lone surrogates), cut to `limit`."""
    return given[:limit].encode(errors="replace").decode()


@lru_cache(maxsize=4096)
def address(given: str) -> str:
    """A number in E.164 in its international spelling (E.123); anything else as it is, cut to a sane length."""
    if not given.startswith("+"):
        return text(given)
    try:
        number = phonenumbers.parse(given)
    except phonenumbers.NumberParseException:
        return text(given)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def money(minor: int, currency: str, *, language: str) -> str:
    """An amount in minor units as the language writes it: `1 234,50 ₽`, `₽1,234.50`."""
    digits = 0 if currency in _NO_MINOR_UNITS else 2
    whole, rest = divmod(abs(minor), 10**digits)
    minus = "−" if minor < 0 else ""
    sign = _SIGNS.get(currency, currency)
    if words.language_of(language) == "ru":
        amount = f"{whole:,}".replace(",", "\u00a0") + (f",{rest:0{digits}}" if digits else "")
        return f"{minus}{amount}\u00a0{sign}"
    amount = f"{whole:,}" + (f".{rest:0{digits}}" if digits else "")
    return f"{minus}{sign}{'' if len(sign) == 1 else chr(0xA0)}{amount}"
