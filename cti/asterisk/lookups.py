"""What a switch asks when it does a command: about queues, contacts, leads and prompts. Given to it by `cti.wiring`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cti.asterisk.calls import Customer, Display
from cti.asterisk.sayings import Sounds
from cti.domain.ids import CampaignId, ContactId, DestinationId, LeadId, QueueId


def _default_music(_: QueueId) -> str:
    return "default"


def _show_nothing(_: ContactId) -> Display:
    return Display()


def _unknown(_: ContactId) -> Customer:
    return Customer()


def _unknown_lead(_: CampaignId, __: LeadId) -> Customer:
    return Customer()


def _our_own(_: CampaignId) -> None:
    return None


def _silence(_: str, __: str) -> None:
    return None


def _no_greeting(_: DestinationId) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """None of them may block; each has an answer also for what is not known (any more)."""

    music: Callable[[QueueId], str] = _default_music
    """The music class of a queue."""
    display: Callable[[ContactId], Display] = _show_nothing
    """What a ringing phone shows."""
    customer: Callable[[ContactId], Customer] = _unknown
    """Whom a contact is about."""
    caller_id: str = ""
    """The number that those see whom the centre calls."""
    sounds: Sounds = _silence
    greeting: Callable[[DestinationId], str | None] = _no_greeting
    """The prompt of a destination that has one."""
    lead: Callable[[CampaignId, LeadId], Customer] = _unknown_lead
    """Who is on a campaign's list, and which number he sees."""
    apology: Callable[[CampaignId], str | None] = _our_own
    """The campaign's prompt for callees for whom there is no agent; None for ours."""


NOTHING_KNOWN: Final = Lookups()
