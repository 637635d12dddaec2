"""What is doubtful in a campaign: where it is laxer than the law that it names, or can hardly be meant.

Called by `cti.config.doubts`. Not here: mistakes (`cti.config.checks`).
"""

from collections.abc import Iterator

from cti.config.calling import CallingHours
from cti.config.campaigns import CALLING_HOURS, HOURS_72_S, Campaign, Law, Window
from cti.config.centre import Centre
from cti.config.located import KeyPath
from cti.domain.ids import CampaignMode, DialResult

Doubts = Iterator[tuple[KeyPath, str]]

_CAP_PERCENT = 3
_CONNECT_LIMIT_S = 2
_MIDNIGHT = 24 * 60


def campaign_doubts(centre: Centre) -> Doubts:
    """Every doubt about the campaigns: the path of its key, and a sentence."""
    for campaign in centre.campaigns.values():
        path: KeyPath = ("campaigns", campaign.key)
        if campaign.law is None and campaign.mode is not CampaignMode.PREVIEW:
            yield (*path, "law"), "is missing: write 'law: us', 'uk' or 'ru', and lint holds the campaign against that"
        if campaign.law is not None and campaign.law is not Law.NONE:
            yield from _laxer(campaign, path, campaign.law)
        if campaign.mode is not CampaignMode.PREVIEW and campaign.message is None:
            yield (*path, "message"), "is missing: a callee whom no agent takes should hear who called, and a number"
        if centre.campaign_hours(campaign) is None:
            yield (*path, "hours"), "is missing: callees would be called at any time of the night"
        known = centre.projects[campaign.project].dispositions
        for key in campaign.dispositions:
            if key not in known:
                yield (*path, "dispositions", key), f"the project {campaign.project!r} has no such disposition here"


def _laxer(campaign: Campaign, path: KeyPath, law: Law) -> Doubts:
    if campaign.mode is not CampaignMode.PREVIEW:
        yield from _laxer_dialling(campaign, path, law)
    if campaign.hours is not None and not _within(campaign.hours, CALLING_HOURS[law]):
        yield (*path, "hours"), f"allows calls at times when 'law: {law}' has none"
    if law is Law.RU and campaign.advertising and campaign.mode is not CampaignMode.PREVIEW:
        yield (*path, "mode"), "advertising may not be dialled without a person in Russia (38-FZ, art. 18): use preview"


def _laxer_dialling(campaign: Campaign, path: KeyPath, law: Law) -> Doubts:
    if campaign.cap_percent > _CAP_PERCENT:
        yield (*path, "cap_percent"), f"is laxer than 'law: {law}': at most {_CAP_PERCENT} % may be abandoned"
    if campaign.window is not Window.DAY and law in (Law.US, Law.UK):
        yield (*path, "window"), f"is laxer than 'law: {law}', which counts by {_span(law)}: write 'window: day'"
    if campaign.connect_limit_s > _CONNECT_LIMIT_S:
        yield (*path, "connect_limit_s"), f"is laxer than 'law: {law}': a callee may wait {_CONNECT_LIMIT_S} s at most"
    again = campaign.retries.get(DialResult.ABANDONED)
    if law is Law.UK and again is not None and again.after_s < HOURS_72_S:
        yield (
            (*path, "retries", "abandoned"),
            "is laxer than 'law: uk': an abandoned number is left alone for 72 hours, 259200 s",
        )


def _span(law: Law) -> str:
    return "24 hours" if law is Law.UK else "30 days"


def _within(hours: CallingHours, law: CallingHours) -> bool:
    """Whether each minute of the first is one of the second."""
    return all(_minutes(hours, weekday) <= _minutes(law, weekday) for weekday in range(7))


def _minutes(hours: CallingHours, weekday: int) -> set[int]:
    found: set[int] = set()
    for span in hours.spans(weekday):
        end = _MIDNIGHT if span.end is None else span.end.hour * 60 + span.end.minute
        found.update(range(span.start.hour * 60 + span.start.minute, end))
    return found
