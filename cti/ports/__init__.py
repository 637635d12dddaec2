"""What the engine asks of the outside, as Protocols with their full contracts, and the records that cross them.

Adapters implement these; the engine is given them by `cti.app`. Every method that waits has a deadline of its own and
says so by its error; none blocks the loop.
"""

from cti.ports.calling import Barred, DoNotCall
from cti.ports.customers import (
    AccountAnswer,
    Accounts,
    AccountState,
    Card,
    Contract,
    Customers,
    Detail,
    Particular,
    Particulars,
    PastContact,
    Source,
    Standing,
)
from cti.ports.engine import Arrival, Desktops, Engine
from cti.ports.entrance import Entrance, Refusing
from cti.ports.history import CallsMade, History, Told
from cti.ports.journal import NUMBERS_PER_OWNER, Entry, Journal, fresh_number
from cti.ports.leadership import Epoch, Leadership
from cti.ports.people import Code, CodeKind, Deed, Enrolment, People, Person, Role, TooManyTries
from cti.ports.reasons import Reasons
from cti.ports.switch import (
    CallerEntered,
    CallerLost,
    EndpointReached,
    ListedBridge,
    ListedLeg,
    Listing,
    Phone,
    Switch,
    SwitchConnected,
    SwitchDisconnected,
    SwitchEvent,
)

__all__ = [
    "NUMBERS_PER_OWNER",
    "AccountAnswer",
    "AccountState",
    "Accounts",
    "Arrival",
    "Barred",
    "CallerEntered",
    "CallerLost",
    "CallsMade",
    "Card",
    "Code",
    "CodeKind",
    "Contract",
    "Customers",
    "Deed",
    "Desktops",
    "Detail",
    "DoNotCall",
    "EndpointReached",
    "Engine",
    "Enrolment",
    "Entrance",
    "Entry",
    "Epoch",
    "History",
    "Journal",
    "Leadership",
    "ListedBridge",
    "ListedLeg",
    "Listing",
    "Particular",
    "Particulars",
    "PastContact",
    "People",
    "Person",
    "Phone",
    "Reasons",
    "Refusing",
    "Role",
    "Source",
    "Standing",
    "Switch",
    "SwitchConnected",
    "SwitchDisconnected",
    "SwitchEvent",
    "Told",
    "TooManyTries",
    "fresh_number",
]
