"""Whose a contact is: its particulars as whatever brought it told them, and the key that stands for an address.

The journal knows only ids. Who asks: whoever lets contacts in (`cti.engine.callers`, `requests`, `lost`).
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from cti import variables
from cti.domain.acd import Decision
from cti.domain.contact import Contact
from cti.domain.facts import ContactQueued, PartyInvited
from cti.domain.ids import ContactId, Medium, ProjectId
from cti.ports import Arrival, CallerEntered, CallerLost, Particulars
from cti.ports.campaigns import Callee

PATH_LIMIT: Final = 512
"""Most characters of the way that a caller came."""


def keyed(secret: bytes) -> Callable[[ProjectId, str], str]:
    """What stands for an address in the journal (`ContactArrived.address_key`): by it alone nobody is found again.

    Without the secret the numbers that there are could all be tried.
    """

    def key(project_id: ProjectId, address: str) -> str:
        if not address:
            return ""
        text = f"{project_id}\0{address}".encode()
        return hashlib.blake2b(text, key=secret[:64], digest_size=12, person=b"address").hexdigest()

    return key


def queued(decision: Decision) -> Iterator[ContactQueued]:
    """The contact that the decision let in; none for a leg that was known already."""
    return (fact for fact in decision.facts if isinstance(fact, ContactQueued))


def of_caller(caller: CallerEntered, queued: ContactQueued | Contact) -> Particulars:
    """What the switch said of the caller, as the particulars of his contact."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=caller.number,
        name=caller.name,
        dialled=caller.dialled,
        language=caller.language,
        path=caller.path,
        account=caller.account,
    )


def of_arrival(arrival: Arrival, queued: ContactQueued | Contact) -> Particulars:
    """What was given with a contact that has no channel."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=arrival.address,
        name=arrival.name,
        dialled="",
        language=arrival.language,
        path="",
        account="",
        subject=arrival.subject,
    )


def of_party(number: str, invited: PartyInvited, *, known: Particulars | None, project_id: ProjectId) -> Particulars:
    """Of somebody outside who is asked into a talk, under his leg's id: he speaks, for us, the customer's language."""
    return Particulars(
        contact_id=ContactId(invited.leg_id),
        project_id=project_id,
        medium=Medium.VOICE,
        address=number,
        name="",
        dialled="",
        language=known.language if known is not None else "",
        path="",
        account="",
    )


def of_lost(lost: CallerLost, queued: ContactQueued | Contact) -> Particulars:
    """What is known of a caller who reached nobody, as the particulars of the task or callback that was made of it."""
    return Particulars(
        contact_id=queued.id if isinstance(queued, Contact) else queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=lost.number,
        name=lost.name,
        dialled=lost.dialled,
        language=lost.language,
        path=_with_lost_step(lost.path, lost.why),
        account="",
    )


def of_origin(origin: Particulars, queued: ContactQueued, *, why: variables.Lost) -> Particulars:
    """A contact that was made of another one is about the same person."""
    return replace(
        origin,
        contact_id=queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        path=_with_lost_step(origin.path, why),
    )


def of_callee(callee: Callee, queued: ContactQueued, *, sees: str) -> Particulars:
    """Whom a campaign calls; `sees` is the number that he is called from."""
    return Particulars(
        contact_id=queued.contact_id,
        project_id=queued.project_id,
        medium=queued.medium,
        address=callee.number,
        name=callee.name,
        dialled=sees,
        language=callee.language,
        path="",
        account="",
    )


def why_lost(particulars: Particulars) -> str | None:
    """Why the attempt of which this contact was made came to nothing; None when it was made of none."""
    step, found, why = particulars.path.rpartition(";")[2].partition(":")
    return why if found and step == variables.LOST_STEP else None


def _with_lost_step(path: str, why: variables.Lost) -> str:
    """The way so far and why it ended, within the limit of `cti.variables.PATH`: early steps fall away."""
    steps = [*filter(None, path.split(";")), f"{variables.LOST_STEP}:{why}"]
    while len(";".join(steps)) > PATH_LIMIT:
        del steps[0]
    return ";".join(steps)
