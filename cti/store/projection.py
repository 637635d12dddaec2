"""Facts → rows of the history. Functions of a connection, for `cti.store.history`.

Every statement finds its rows by id and computes spans from what stands there, so the projector keeps no state. A
contact's first fact and an offer write their row anew: the journal projected again gives the same ledger. Here: which
fact is whose. What each changes: `cti.store.contacts`, `cti.store.assignments`, `cti.store.attempts`.
"""

from typing import Final, assert_never

from sqlalchemy.engine import Connection

from cti.domain import facts
from cti.domain.facts import Fact
from cti.ports import Entry
from cti.store import assignments, attempts, contacts, models
from cti.store.prepared import Prepared
from cti.store.upsert import upsert

Rowless = (
    facts.QueueConfigured
    | facts.AgentConfigured
    | facts.DeviceSet
    | facts.ReachChanged
    | facts.AgentSkipped
    | facts.LineWish
    | facts.LineRung
    | facts.LineUp
    | facts.LineDown
    | facts.CampaignConfigured
    | facts.CampaignSwitched
    | facts.WindowBegun
    | facts.LeadsQueued
    | facts.LeadsDropped
    | facts.AgentReserved
    | facts.DialGivenUp
    | facts.SignOutDeferred
    | facts.AgentLegLost
    | facts.RingEnded
    | facts.NodeLost
    | facts.NodeReturned
    | facts.ClockShifted
    | facts.HoursConfigured
    | facts.WaitPlanned
    | facts.StepTaken
    | facts.ContactUrged
    | facts.PriorityGiven
    | facts.CallbackOffered
    | facts.CallbackPostponed
    | facts.PartyInvited
    | facts.PartyMoved
    | facts.PartyEnded
    | facts.ContactParked
    | facts.ContactFetched
    | facts.MonitorRung
    | facts.MonitorWished
    | facts.MonitorMoved
    | facts.MonitorCameIn
    | facts.MonitorEnded
)
"""Facts that leave no row: of agents' phones, of configuration, of what is over when the talk is."""

_NOTE_READINESS: Final = Prepared(
    lambda connection: upsert(connection, models.table(models.ReadinessRow), keys=["entry", "place"])
)


def apply(connection: Connection, entry: Entry) -> None:
    """Write what the entry's facts change in the ledger."""
    for place, fact in enumerate(entry.facts):
        _apply(connection, fact, place=(entry.number, place))


def _apply(connection: Connection, fact: Fact, *, place: tuple[int, int]) -> None:
    if isinstance(fact, assignments.Assigning):
        assignments.apply(connection, fact)
    elif isinstance(fact, contacts.Contacting):
        contacts.apply(connection, fact)
    elif isinstance(fact, attempts.Campaigning):
        attempts.apply(connection, fact)
    elif isinstance(fact, facts.ReadinessChanged):
        _note_readiness(connection, fact, place=place)
    elif not isinstance(fact, Rowless):
        assert_never(fact)


def _note_readiness(connection: Connection, fact: facts.ReadinessChanged, *, place: tuple[int, int]) -> None:
    _NOTE_READINESS.run(
        connection,
        {
            "entry": place[0],
            "place": place[1],
            "agent_id": fact.agent_id,
            "at_ms": fact.at_ms,
            "readiness": fact.readiness.value,
            "reason": fact.reason,
        },
    )
