"""The centre file (`centre.yaml`): its records, and reading it with every mistake named at once.

Here: what an admin may write, one record per section, and the checks across sections. Not here: what becomes of it in
Asterisk (`cti.dialplan`), what the menus do (`ivr.flow` interprets `Menu`). The engine, the IVR, the renderer and the
supervisor call `load`; all they need is named below, the modules behind it are this package's own.

Records are frozen; a record of a keyed section (`queues`, `menus`, …) carries its own `key`. Names of other sections
are checked while reading, so a `Centre` in hand holds no dangling name. Times of day are local to the time zone of the
record that holds them.
"""

from cti.config.callback_pages import CallbackPage
from cti.config.calling import Calling, CallingHours, NumberKind, ProjectCalling, Reach
from cti.config.campaigns import Campaign, Law
from cti.config.capacities import Capacity, Share
from cti.config.centre import Centre
from cti.config.chat import Asking, Chat
from cti.config.crm import Crm
from cti.config.desks import Desk
from cti.config.destinations import Destination, Voicemail, VoicemailKeeping
from cti.config.hours import Hours, Span
from cti.config.limits import Limits, Overload, Refusal
from cti.config.mail import Answer, Imap, MailAccount, Smtp, Text, Tls
from cti.config.menus import Account, Menu
from cti.config.numbers import Number
from cti.config.projects import Project, Site
from cti.config.queues import Callback, Fallback, Queue, Relaxation, Requirement
from cti.config.reading import load, load_located, parse, parse_located
from cti.config.record import Record
from cti.config.recording import Recording
from cti.config.steps import Conditions, OverflowDestination, OverflowQueue, Step
from cti.config.surveys import Survey, SurveyQuestion
from cti.config.tiers import Tier
from cti.config.trunks import Codec, Trunk
from cti.config.words import Language, Prompt, Words
from cti.domain.ids import Medium

__all__ = [
    "Account",
    "Answer",
    "Asking",
    "Callback",
    "CallbackPage",
    "Calling",
    "CallingHours",
    "Campaign",
    "Capacity",
    "Centre",
    "Chat",
    "Codec",
    "Conditions",
    "Crm",
    "Desk",
    "Destination",
    "Fallback",
    "Hours",
    "Imap",
    "Language",
    "Law",
    "Limits",
    "MailAccount",
    "Medium",
    "Menu",
    "Number",
    "NumberKind",
    "OverflowDestination",
    "OverflowQueue",
    "Overload",
    "Project",
    "ProjectCalling",
    "Prompt",
    "Queue",
    "Reach",
    "Record",
    "Recording",
    "Refusal",
    "Relaxation",
    "Requirement",
    "Share",
    "Site",
    "Smtp",
    "Span",
    "Step",
    "Survey",
    "SurveyQuestion",
    "Text",
    "Tier",
    "Tls",
    "Trunk",
    "Voicemail",
    "VoicemailKeeping",
    "Words",
    "load",
    "load_located",
    "parse",
    "parse_located",
]
