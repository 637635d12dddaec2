"""The whole centre file as one record."""

from collections.abc import Mapping

from pydantic import Field

from cti import actions
from cti.config.callback_pages import CallbackPage
from cti.config.calling import Calling, CallingHours
from cti.config.campaigns import CALLING_HOURS, Campaign
from cti.config.capacities import Capacity
from cti.config.chat import Chat
from cti.config.crm import Crm
from cti.config.desks import Desk
from cti.config.destinations import Destination, VoicemailKeeping
from cti.config.hours import Hours
from cti.config.limits import Limits
from cti.config.mail import Answer, MailAccount
from cti.config.menus import Account, Menu
from cti.config.monitoring import Monitoring
from cti.config.names import CapacityName, Country, Key, Number164, PromptName, TierName
from cti.config.numbers import Number
from cti.config.projects import Project, Site
from cti.config.queues import Queue
from cti.config.record import Record
from cti.config.recording import Recording
from cti.config.surveys import Survey
from cti.config.tiers import Tier
from cti.config.trunks import Trunk
from cti.config.words import Prompt, Words


class Centre(Record):
    """The whole centre file."""

    name: Words
    country: Country
    """Country by whose rules a caller's number without + is read."""
    projects: Mapping[Key, Project] = Field(min_length=1)
    sites: Mapping[Key, Site] = Field(min_length=1)
    skills: Mapping[Key, Words] = Field(default_factory=dict)
    tiers: Mapping[TierName, Tier] = Field(default_factory=dict)
    """By what stands in a customer's tier field."""
    trunks: Mapping[Key, Trunk] = Field(min_length=1)
    """The first is the one that the centre dials out on."""
    numbers: Mapping[Number164, Number] = Field(min_length=1)
    menus: Mapping[Key, Menu] = Field(default_factory=dict)
    account: Account | None = None
    hours: Mapping[Key, Hours] = Field(default_factory=dict)
    queues: Mapping[Key, Queue] = Field(min_length=1)
    destinations: Mapping[Key, Destination] = Field(default_factory=dict)
    voicemail: VoicemailKeeping = VoicemailKeeping()
    """Of the messages in the boxes among the destinations."""
    desks: Mapping[Key, Desk] = Field(default_factory=dict)
    """Phones at which people log in."""
    chats: Mapping[Key, Chat] = Field(default_factory=dict)
    """By what stands in a page's tag."""
    mail: Mapping[Key, MailAccount] = Field(default_factory=dict)
    """Addresses that customers write to."""
    answers: Mapping[Key, Answer] = Field(default_factory=dict)
    """Ready answers, in the order in which agents see them."""
    capacities: Mapping[Key, Capacity] = Field(default_factory=dict)
    """The file's own, then the ready ones that it does not replace."""
    callback_pages: Mapping[Key, CallbackPage] = Field(default_factory=dict)
    """By what stands in a page's tag."""
    crm: Mapping[Key, Crm] = Field(default_factory=dict)
    """CRMs outside that are asked beside the own base."""
    default_capacity: CapacityName | None = None
    """Of every agent who has none of his own; None: one contact at a time."""
    prompts: Mapping[Key, Prompt] = Field(default_factory=dict)
    goodbye: PromptName | None = None
    """Said by `hangup`."""
    calling: Calling = Calling()
    """Calls that agents ask for."""
    campaigns: Mapping[Key, Campaign] = Field(default_factory=dict)
    """Whom the centre calls of its own accord."""
    monitoring: Monitoring = Monitoring()
    """Supervisors at agents' talks."""
    limits: Limits = Limits()

    @property
    def callback_countries(self) -> frozenset[str]:
        """Whose numbers are called back."""
        return frozenset((self.country, *self.limits.callback_countries))

    def survey_of(self, queue: str) -> Survey | None:
        """What callers of this queue are asked after a talk; None: nothing."""
        known = self.queues.get(queue)
        return (known.survey or self.projects[known.project].survey) if known is not None else None

    def shown_number(self, project: str, *, dialled: str) -> str:
        """The number that a customer sees when he is called: the one he dialled, if the project's.

        Else the one that its `calling` names, or its first. "" when it has none: another company's is never shown.
        """
        own = [number.key for number in self.numbers.values() if number.project == project]
        if dialled in own:
            return dialled
        calling = self.calling.projects.get(project)
        return (calling and calling.number) or next(iter(own), "")

    def calling_queue(self, project: str) -> str:
        """The queue by whose rules a call that an agent of this project asks for is wrapped up."""
        calling = self.calling.projects.get(project)
        return (calling and calling.queue) or self.projects[project].operator

    def calling_hours(self, project: str) -> CallingHours | None:
        """When the project's customers may be called; None: at any time."""
        calling = self.calling.projects.get(project)
        return (calling and calling.hours) or self.calling.hours

    def campaign_hours(self, campaign: Campaign) -> CallingHours | None:
        """When the campaign's callees may be called, by the clock of their place; None: at any time."""
        by_law = CALLING_HOURS.get(campaign.law) if campaign.law is not None else None
        return campaign.hours or by_law or self.calling_hours(campaign.project)

    def campaign_number(self, campaign: Campaign) -> str:
        """The number that the campaign's callees see."""
        return campaign.caller_id or self.shown_number(campaign.project, dialled="")

    def recording_of(self, queue: str) -> Recording | None:
        """How talks of this queue are recorded; None: not at all, and for a queue that is not there."""
        found = self.queues.get(queue)
        if found is None:
            return None
        own = found.recording
        return (self.projects[found.project].recording if own is None else own) or None

    def operator_queue(self, number: Number) -> str:
        """The default queue of a number: its own when it leads straight to one, else its project's operator."""
        if isinstance(number.to, actions.ToQueue):
            return number.to.queue
        return self.projects[number.project].operator
