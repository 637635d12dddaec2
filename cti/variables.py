"""Every name that Python and the dialplan must agree on: contexts, channel variables, Stasis arguments, object ids.

No logic but the spelling of ids lives here. The templates get this module as `v`, the AGI handlers set these variables,
and `cti.asterisk` reads them; a name that stands here stands nowhere else.
"""

from enum import StrEnum
from typing import Final

# -- ARI --------------------------------------------------------------------------------------------------------------
APPLICATION: Final = "triune"
"""The Stasis application that owns every leg."""

NODE: Final = "n1"
"""The one node of a single-machine centre: its Asterisk's `systemname`, so the first part of its channel ids."""

STASIS_INBOUND: Final = "in"
"""First Stasis argument of a caller's leg: `Stasis(triune,in)`; all else travels in the channel variables below."""
STASIS_AGENT: Final = "agent"
"""First Stasis argument of an agent's leg: `agent,<assignment id>`."""
STASIS_CUSTOMER: Final = "customer"
"""First Stasis argument of a customer's leg that we dialled: `customer,<assignment id>`."""
STASIS_LINE: Final = "line"
"""First Stasis argument of an agent's line that is kept up: `line,<agent id>`."""
STASIS_CALLEE: Final = "callee"
"""First Stasis argument of a campaign's callee: `callee,<dial id>`, and what AMD() thought once it has listened."""
STASIS_PARTY: Final = "party"
"""First Stasis argument of a leg to somebody who is asked into a talk: `party,<leg id>`."""
STASIS_SNOOP: Final = "snoop"
"""First Stasis argument of an ear: `snoop,<the supervisor's leg id>`."""
STASIS_PROBE: Final = "probe"
"""First Stasis argument of a health probe: answered and hung up at once, never a contact."""

LEG_PREFIX: Final = "leg-"
"""Channel id of an agent's leg: `leg-<assignment id>-<ring number>`."""
CUSTOMER_LEG_PREFIX: Final = "customer-"
"""Channel id of a customer's leg that we dialled: `customer-<assignment id>`; an assignment dials once."""
LINE_PREFIX: Final = "line-"
"""Channel id of an agent's line: `line-<agent id>-<event number>`."""
PARTY_PREFIX: Final = "party-"
"""Channel id of somebody who is asked into a talk: `party-<contact id>-<event number>`."""
SNOOP_PREFIX: Final = "snoop-"
"""Channel id of the ear by which a supervisor hears an agent's leg: `snoop-<his leg id>-<event number>`."""
DIAL_PREFIX: Final = "dial-"
"""Channel id of a campaign's callee: `dial-<dial id>`."""
SAID_PREFIX: Final = "said-"
"""Playback id of what a leg is told: `said-<leg id>`, one at a time."""
BRIDGE_PREFIX: Final = "talk-"
"""Bridge id of a talk: `talk-<contact id>`."""
SIDE_PREFIX: Final = "side-"
"""Bridge id of an agent's talk with somebody he asks, while the customer waits: `side-<contact id>`."""
EAR_PREFIX: Final = "ear-"
"""Bridge id of a supervisor's leg and the ear by which he hears a talk: `ear-<his leg id>`."""

# -- channel variables (set in the dialplan or by the IVR, read once at StasisStart) ----------------------------------
ARRIVED_MS: Final = "TRIUNE_ARRIVED"
"""Unix time in milliseconds when the call reached the switch; keeps a caller's place over every detour."""
NUMBER: Final = "TRIUNE_NUMBER"
"""The number dialled, E.164 with +."""
PROJECT: Final = "TRIUNE_PROJECT"
QUEUE: Final = "TRIUNE_QUEUE"
"""Key of the queue that the caller is to wait in."""
LANGUAGE: Final = "TRIUNE_LANGUAGE"
"""`en` or `ru`; also CHANNEL(language)."""
PATH: Final = "TRIUNE_PATH"
"""What the caller did in the IVR, secrets masked: `menu:key` steps joined by `;`, at most 512 of [a-z0-9_:;*#-]."""
ACCOUNT: Final = "TRIUNE_ACCOUNT"
"""Number of the account that the caller proved to own (PIN accepted), or empty."""
RETURNED: Final = "TRIUNE_RETURNED"
"""Why the dialplan, not the IVR, chose the queue: `ivr_down`, `ivr_error`; empty otherwise."""
SOUND: Final = "TRIUNE_SOUND"
"""What `CONTEXT_PROMISED` or `CONTEXT_SORRY` says: the path of a sound without its ending. Set by the engine."""
TOLD: Final = "TRIUNE_TOLD"
"""`1` once the caller was told that talks are recorded."""

CONTACT: Final = "TRIUNE_CONTACT"
"""Id of the contact of a caller whom the engine sends on into the dialplan; set by the engine."""

AGENT: Final = "TRIUNE_AGENT"
"""Id of the agent with whom a caller talked who is led to the survey; set by the engine."""

VOICEMAIL_FULL: Final = "TRIUNE_VOICEMAIL_FULL"
"""Global variable: "1" while no more messages are taken. Set by the engine."""

ALONE_PREFIX: Final = "TRIUNE_ALONE_"
"""Begins the name of a global variable that says of a callee's leg, whose id follows, that he picked up while the
engine was away, and got nobody."""

REFUSE_UNTIL: Final = "TRIUNE_REFUSE_UNTIL"
"""A global variable: until this second (Unix time) no new call is let in. The engine keeps it ahead while it is
overloaded; so it ends by itself when the engine dies."""
PING: Final = "TRIUNE_PING"
"""A global variable that nobody sets: asking for it tells how fast the switch answers."""

PROBE: Final = "TRIUNE_PROBE"
"""Which probe call it is."""

REPORTED: Final = (ARRIVED_MS, NUMBER, PROJECT, QUEUE, LANGUAGE, PATH, ACCOUNT, RETURNED)
"""`channelvars` of ari.conf: what ARI reports with the channel."""

# -- dialplan contexts ------------------------------------------------------------------------------------------------
CONTEXT_TRUNK: Final = "from-trunk"
"""Calls from the carrier: one extension per number of the centre, and a polite end for every other."""
CONTEXT_AGENT: Final = "from-agent"
"""Calls that an agent's phone makes itself: internal numbers only."""
CONTEXT_QUEUE: Final = "to-queue"
"""Enters the ACD; extension = queue key. Music, Stasis, retries while the engine is away, then the static queue."""
CONTEXT_FALLBACK: Final = "fallback"
"""The static Queue() for while the engine is away; extension = queue key."""
CONTEXT_DEAD_END: Final = "dead-end"
"""Where forwards, transfers from the phone and everything unknown end: a polite word and a hang-up, never a trunk."""
CONTEXT_DESTINATION: Final = "destinations"
"""Places outside the ACD to which a queue sends its callers; extension = key of the destination."""
CONTEXT_PROMISED: Final = "promised"
"""Says `SOUND` and hangs up: how a caller leaves who will be called back."""
CONTEXT_SURVEY: Final = "survey"
"""Callers who are asked something after the talk; extension = queue key."""
CONTEXT_CALLEE: Final = "callee"
"""A campaign's callee who has picked up enters the application; while the engine is away, `CONTEXT_SORRY` instead."""
CONTEXT_LISTEN: Final = "listen"
"""Listens whether a campaign's callee is a machine and brings him back: his leg's id names his dial."""
CONTEXT_SORRY: Final = "sorry"
"""Tells a callee for whom there is no agent who called, and hangs up; extension = key of the campaign."""
CONTEXT_PROBE: Final = "probe"
"""Leads into the application as `probe,<version>,<PROBE>`: how a new version is tried before it is kept."""

# -- keys, and what the IVR and the dialplan tell of callers who reached nobody ---------------------------------------
CALLBACK_KEY: Final = "1"
"""The key by which a waiting caller asks to be called back; no other key of his is heard."""
LOST_EVENT: Final = "TriuneLost"
"""UserEvent of the dialplan about a caller who was refused at the entry; its field `Reason` is a `Refused`."""
LOST_STEP: Final = "lost"
"""What stands before the colon of the last step of `PATH` for a task made of a lost attempt."""


class Refused(StrEnum):
    """Why the dialplan let a caller no further than the entry."""

    LINES = "lines"
    """There are as many calls as there may be."""
    RATE = "rate"
    """More calls came within a second than are let in."""
    OVERLOAD = "overload"
    """The engine has said that it is overloaded."""


class Lost(StrEnum):
    """Why a caller reached nobody; the key of that step."""

    AFTER_HOURS = "after_hours"
    LINES_BUSY = "lines_busy"
    LEFT_MENU = "left_menu"
    ABANDONED = "abandoned"
    """He left while he waited in a queue."""
    CALLBACK_FAILED = "callback_failed"
    """He was called back, and never reached."""
    CUT_OFF = "cut_off"
    """The switch died while he was in the menus, waited or talked."""


HINTS: Final = "agents"
"""The context of the hints (`cti.dialplan.hints`): for lamps, and for what static queues know of an agent."""

AGENT_ENDPOINT_PREFIX: Final = "agent-"
WEB_ENDPOINT_SUFFIX: Final = "-web"
SEAT_ENDPOINT_SUFFIX: Final = "-desk"
DESK_ENDPOINT_PREFIX: Final = "desk-"
DESK_LOGIN: Final = "*11"
"""Dialled at a desk phone to log in there; `DESK_LOGOUT` to leave it."""
DESK_LOGOUT: Final = "*12"
TRUNK_ENDPOINT: Final = "trunk"


def agent_endpoint(extension: str) -> str:
    """The PJSIP endpoint of an agent's SIP phone; no dialled number can equal it."""
    return f"{AGENT_ENDPOINT_PREFIX}{extension}"


def web_endpoint(extension: str) -> str:
    """The PJSIP endpoint of the same agent's browser softphone."""
    return f"{AGENT_ENDPOINT_PREFIX}{extension}{WEB_ENDPOINT_SUFFIX}"


def seat_endpoint(extension: str) -> str:
    """The PJSIP endpoint by which an agent is rung at the desk phone where he sits; nobody registers as it."""
    return f"{AGENT_ENDPOINT_PREFIX}{extension}{SEAT_ENDPOINT_SUFFIX}"


def desk_endpoint(key: str) -> str:
    """The PJSIP endpoint as which a desk phone registers."""
    return f"{DESK_ENDPOINT_PREFIX}{key}"


def phone_hint(endpoint: str) -> str:
    """The hint of one phone of an agent, as a static queue's member names it."""
    kind = "sip"
    extension = endpoint.removeprefix(AGENT_ENDPOINT_PREFIX)
    for suffix, named in ((WEB_ENDPOINT_SUFFIX, "web"), (SEAT_ENDPOINT_SUFFIX, "desk")):
        if extension.endswith(suffix):
            extension, kind = extension.removesuffix(suffix), named
    return f"hint:{kind}{extension}@{HINTS}"


def fallback_queue(queue_key: str) -> str:
    """The app_queue name behind a queue; members are kept there for the time the engine is away."""
    return f"fallback-{queue_key}"
