"""The ACD's rules as events: what an admin wrote in the centre file and in the directory, as the domain hears it.

Pure. Nothing is checked here: a `cti.config.Centre` in hand is sound (`cti.config.reading`), and asks here for the
events that it would be, so as to weigh them. `cti.app` gives them to the engine, the simulator to its own `Acd`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from cti.domain import capacity as capacities
from cti.domain.capacity import Exclusion, Interrupt, Share
from cti.domain.events import (
    AgentEnrolled,
    CallbackRule,
    CampaignOpened,
    HoursSet,
    OpenSpan,
    QueueOpened,
    Retry,
    ServiceLevel,
    SkillLevel,
    Step,
    Weight,
)
from cti.domain.ids import CampaignId, DestinationId, DialResult, HoursId, Medium, ProjectId, QueueId, SiteId, SkillId
from cti.domain.overload import Bounds
from cti.regard import Regard, asking_for_tier, tier_key

if TYPE_CHECKING:  # the checks of `cti.config` call this module
    from cti import config
    from cti.ports import Person

MINUTES_A_DAY: Final = 1440
DAY_MS: Final = 86_400_000


def events(centre: "config.Centre") -> tuple[HoursSet | QueueOpened, ...]:
    """All rules of the centre file in the order in which the ACD is to hear them: hours, then queues."""
    return (
        *(hours_set(hours) for hours in centre.hours.values()),
        *(queue_opened(queue, survey_percent=_survey_percent(centre, queue.key)) for queue in centre.queues.values()),
    )


def bounds(centre: "config.Centre") -> Bounds:
    """From when on the engine counts as overloaded."""
    overload = centre.limits.overload
    return Bounds(
        loop=overload.loop_ms,
        mailbox=overload.mailbox_ms,
        journal=overload.journal_ms,
        switch=overload.switch_ms,
        after_ms=overload.after_s * 1000,
        calm_ms=overload.calm_s * 1000,
    )


def hours_set(hours: "config.Hours") -> HoursSet:
    """Opening hours, weekday by weekday."""
    return HoursSet(
        hours_id=HoursId(hours.key),
        tz=hours.tz,
        weekly=tuple(
            OpenSpan(
                weekday=weekday,
                from_minute=span.start.hour * 60 + span.start.minute,
                to_minute=MINUTES_A_DAY if span.end is None else span.end.hour * 60 + span.end.minute,
            )
            for weekday in range(7)
            for span in hours.spans(weekday)
        ),
        holidays=hours.holidays,
        closed_on=tuple(day.isoformat() for day in hours.closed_on),
    )


def _survey_percent(centre: "config.Centre", queue: str) -> int:
    survey = centre.survey_of(queue)
    return survey.share_percent if survey is not None else 0


def queue_opened(queue: "config.Queue", *, survey_percent: int = 0) -> QueueOpened:
    """A queue with its steps; what its requirements say under `relax` comes as steps too.

    `survey_percent`: of how many callers something is asked after the talk.
    """
    return QueueOpened(
        queue_id=QueueId(queue.key),
        project_id=ProjectId(queue.project),
        requirements=_levels({skill: asked.level for skill, asked in queue.requirements.items()}),
        priority=queue.priority,
        service_level_ms=queue.service_level_s * 1000,
        service_levels=tuple(
            ServiceLevel(medium=medium, within_ms=queue.service_levels_s[medium] * 1000)
            for medium in Medium
            if medium in queue.service_levels_s
        ),
        ring_limit_ms=queue.ring_limit_s * 1000,
        wrap_up_limit_ms=queue.wrap_up_limit_s * 1000,
        condition=queue.requires,
        sites=tuple(map(SiteId, queue.sites)),
        weights=tuple(
            Weight(medium=medium, percent=queue.weights_percent[medium])
            for medium in Medium
            if medium in queue.weights_percent
        ),
        strict=queue.strict,
        tier_credit_ms=queue.tier_credit_s * 1000,
        urgency_ms=queue.urgency_s * 1000,
        steps=tuple(sorted((*_relaxations(queue), *map(_step, queue.steps)), key=lambda step: step.after_ms)),
        callback=None if queue.callback is None else _callback(queue.callback),
        lost_to=None if queue.lost_to is None else QueueId(queue.lost_to),
        park_limit_ms=queue.park_limit_s * 1000,
        survey_percent=survey_percent,
    )


def campaigns(centre: "config.Centre") -> tuple[CampaignOpened, ...]:
    """The campaigns of the centre file, in its order."""
    return tuple(map(campaign_opened, centre.campaigns.values()))


def campaign_opened(campaign: "config.Campaign") -> CampaignOpened:
    """A campaign's rules. Retries by disposition are the feeder's (`cti.campaigns`): they are no dial's result."""
    return CampaignOpened(
        campaign_id=CampaignId(campaign.key),
        queue_id=QueueId(campaign.queue),
        mode=campaign.mode,
        cap_permyriad=campaign.cap_permyriad,
        spare=campaign.spare,
        lines=campaign.lines,
        ring_limit_ms=campaign.ring_limit_s * 1000,
        connect_limit_ms=campaign.connect_limit_s * 1000,
        detects_machines=campaign.detects_machines,
        window_ms=DAY_MS if campaign.window == "day" else 0,
        preview_limit_ms=campaign.preview_limit_s * 1000,
        retries=tuple(
            Retry(result=result, after_ms=rule.after_s * 1000, attempts=rule.attempts)
            for result in DialResult
            if (rule := campaign.retries.get(result)) is not None
        ),
    )


def regards(centre: "config.Centre") -> Mapping[QueueId, Regard]:
    """Of each queue for which it must be known who a customer is: what counts there. The others are not in it."""
    levels = {tier_key(key): tier.level for key, tier in centre.tiers.items()}
    tiered = asking_for_tier(map(queue_opened, centre.queues.values())) if levels else frozenset()
    return {
        QueueId(queue.key): Regard(
            prefer=tuple((preferred, hold_s * 1000) for preferred, hold_s in queue.prefer.items()), levels=levels
        )
        for queue in centre.queues.values()
        if queue.prefer or queue.key in tiered
    }


def capacity(profile: "config.Capacity") -> capacities.Capacity:
    """A capacity profile; media in the order of `Medium`, whatever the order in the file."""
    exclusions = {(one, other) for among in profile.exclusive for one in among for other in among if one is not other}
    exclusions |= {(holding, barred) for holding, media in profile.bars.items() for barred in media}
    return capacities.Capacity(
        shares=tuple(
            Share(medium=medium, limit=profile.shares[medium].limit, cost=profile.shares[medium].cost)
            for medium in Medium
            if medium in profile.shares
        ),
        exclusions=tuple(
            Exclusion(holding=holding, bars=barred)
            for holding in Medium
            for barred in Medium
            if (holding, barred) in exclusions
        ),
        interrupts=tuple(
            Interrupt(by=by, pauses=paused)
            for by in Medium
            for paused in Medium
            if paused in profile.interrupts.get(by, ())
        ),
    )


def enrolment(centre: "config.Centre") -> Callable[["Person"], AgentEnrolled]:
    """How a person of the directory is enrolled in this centre.

    Who has no capacity profile, or one that the centre file no longer has, gets the default. Persons of one profile
    share one record.
    """
    profiles = {key: capacity(profile) for key, profile in centre.capacities.items()}
    default = profiles[centre.default_capacity] if centre.default_capacity is not None else None

    def enrolled(person: "Person") -> AgentEnrolled:
        return AgentEnrolled(
            agent_id=person.agent_id,
            project_ids=person.project_ids,
            skills=person.skills,
            site_id=person.site_id,
            capacity=profiles.get(person.capacity, default) if person.capacity is not None else default,
        )

    return enrolled


def _relaxations(queue: "config.Queue") -> Iterator[Step]:
    for skill, asked in queue.requirements.items():
        for relaxation in asked.relax:
            relax = (SkillLevel(skill_id=SkillId(skill), level=relaxation.level),)
            yield Step(after_ms=relaxation.after_s * 1000, relax=relax)


def _step(step: "config.Step") -> Step:
    asked = step.conditions
    return Step(
        after_ms=step.after_s * 1000,
        every_ms=(step.every_s or 0) * 1000,
        if_position_over=asked.position_over,
        if_eligible_under=asked.eligible_under,
        if_expected_over_ms=None if asked.expected_over_s is None else asked.expected_over_s * 1000,
        if_open=None if asked.open is None else HoursId(asked.open),
        if_closed=None if asked.closed is None else HoursId(asked.closed),
        relax=_levels({**step.relax, **dict.fromkeys(step.drop, 0)}),
        add=step.add,
        sites=tuple(map(SiteId, step.sites)),
        priority=step.priority,
        announce=step.announce,
        offer_callback=step.offer_callback,
        to_queue=None if step.to_queue is None else QueueId(step.to_queue),
        to_destination=None if step.to_destination is None else DestinationId(step.to_destination),
    )


def _levels(levels: dict[str, int]) -> tuple[SkillLevel, ...]:
    return tuple(SkillLevel(skill_id=SkillId(skill), level=level) for skill, level in levels.items())


def _callback(callback: "config.Callback") -> CallbackRule:
    return CallbackRule(
        hours=None if callback.hours is None else HoursId(callback.hours),
        attempts=callback.attempts,
        retry_ms=callback.retry_s * 1000,
        ring_limit_ms=callback.ring_limit_s * 1000,
    )
