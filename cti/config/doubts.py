"""What is allowed in a centre file and yet hardly meant: warnings, where mistakes are `cti.config.checks`.

A new doubt is a generator of `(path, sentence)`, called from `doubts`. Not here: what takes the directory to see
(`cti.dialplan.lint`, which prints both).
"""

from collections.abc import Iterator

from cti import actions
from cti.config.capacities import TALKS, Capacity
from cti.config.centre import Centre
from cti.config.doubts_campaigns import campaign_doubts
from cti.config.located import KeyPath
from cti.config.queues import Queue
from cti.config.steps import Step
from cti.domain import requirement
from cti.domain.ids import Medium

Doubts = Iterator[tuple[KeyPath, str]]


def doubts(centre: Centre) -> Doubts:
    """Every doubt: the path of its key, and a sentence."""
    for queue in centre.queues.values():
        yield from _strictness(centre, queue)
        yield from _callback(centre, queue)
        yield from _unserved(centre, queue)
        yield from _never_reached(queue)
        yield from _no_tiers(centre, queue)
        for place, step in enumerate(queue.steps):
            yield from _without_effect(queue, ("queues", queue.key, "steps", place), step)
    yield from _circles(centre)
    yield from _two_talks(centre)
    yield from campaign_doubts(centre)
    for profile in centre.capacities.values():
        yield from _idle_interrupts(profile)


def media(centre: Centre, queue: Queue) -> tuple[Medium, ...]:
    """The media on which contacts of the queue are to be expected, by what the file says of it."""
    found = set(queue.weights_percent)
    if queue.key in called(centre):
        found.add(Medium.VOICE)
    if queue.callback is not None or any(page.queue == queue.key for page in centre.callback_pages.values()):
        found.add(Medium.CALLBACK)
    if any(other.lost_to == queue.key for other in centre.queues.values()):
        found.add(Medium.TASK)
    if queue.key in _answering(centre):
        found.add(Medium.VOICEMAIL)
    return tuple(medium for medium in Medium if medium in found)


def _answering(centre: Centre) -> frozenset[str]:
    """The queues in which messages of callers wait: of each box that is named by a step."""
    boxes = {key: box.voicemail for key, box in centre.destinations.items() if box.voicemail is not None}
    return frozenset(
        boxes[step.to_destination].queue or queue.key
        for queue in centre.queues.values()
        for step in queue.steps
        if step.to_destination in boxes
    )


def called(centre: Centre) -> frozenset[str]:
    """The queues that a caller can come to: by a number, a menu, hours, as the operator, or out of such a queue."""
    found = {project.operator for project in centre.projects.values()}
    ways: list[actions.Action] = [number.to for number in centre.numbers.values()]
    for menu in centre.menus.values():
        ways += [*menu.options.values(), menu.after_tries]
    for hours in centre.hours.values():
        ways += [hours.open, hours.closed]
    if centre.account is not None:
        ways.append(centre.account.then)
    while ways:
        way = ways.pop()
        if isinstance(way, actions.ToQueue):
            found.add(way.queue)
        elif isinstance(way, actions.ChooseLanguage) and way.then is not None:
            ways.append(way.then)
    ahead = list(found)
    while ahead:
        following = {step.to_queue for step in centre.queues[ahead.pop()].steps if step.to_queue is not None}
        ahead += following - found
        found |= following
    return frozenset(found)


def _strictness(centre: Centre, queue: Queue) -> Doubts:
    if not queue.strict:
        return
    starved = [other.key for other in centre.queues.values() if not other.strict]
    if starved:
        yield (
            ("queues", queue.key, "strict"),
            f"goes before everything else, so contacts in {', '.join(starved)} can wait for ever while it is busy",
        )
    if queue.weights_percent:
        yield ("queues", queue.key, "weights_percent"), "has no effect in a strict queue: waiting does not count there"


def _callback(centre: Centre, queue: Queue) -> Doubts:
    if queue.callback is None:
        return
    path = ("queues", queue.key, "callback")
    if any(page.queue == queue.key for page in centre.callback_pages.values()):
        return
    if queue.key not in called(centre):
        yield path, "no number, menu or hours lead here, so no caller will ever be offered one"
    if not any(step.offer_callback for step in queue.steps):
        yield path, "is offered by no step: write a step with 'offer_callback: true'"


def _unserved(centre: Centre, queue: Queue) -> Doubts:
    default = centre.capacities[centre.default_capacity] if centre.default_capacity is not None else None
    for medium in media(centre, queue):
        if default is not None and medium not in default.shares:
            problem = (
                f"{medium.value} is served only by agents with a capacity profile of their own: the default, "
                f"{default.key!r}, has no share of it"
            )
            yield ("queues", queue.key), problem


def _no_tiers(centre: Centre, queue: Queue) -> Doubts:
    if centre.tiers:
        return
    path: KeyPath = ("queues", queue.key)
    texts = {(*path, "requires"): queue.requires}
    texts |= {(*path, "steps", place, "add"): step.add for place, step in enumerate(queue.steps)}
    speaking = [where for where, text in texts.items() if requirement.parse(text).uses_tier]
    if queue.tier_credit_s:
        speaking.append((*path, "tier_credit_s"))
    for where in speaking:
        yield where, "has no effect: the file has no section 'tiers', so every customer is of tier 0"


def _never_reached(queue: Queue) -> Doubts:
    gone: Step | None = None
    for place, step in enumerate(queue.steps):
        if gone is not None:
            yield (
                ("queues", queue.key, "steps", place),
                f"is never reached: the step after {gone.after_s} s has sent every contact away",
            )
        elif step.to_queue is not None and not step.is_conditional:
            gone = step


def _without_effect(queue: Queue, path: KeyPath, step: Step) -> Doubts:
    asked = {*queue.requirements}
    for text in (queue.requires, *(other.add for other in queue.steps if other.after_s <= step.after_s)):
        asked |= {name for kind, name in requirement.names(requirement.parse(text)) if kind == "skill"}
    for key, skills in (("relax", tuple(step.relax)), ("drop", step.drop)):
        for skill in skills:
            if skill not in asked:
                yield (*path, key), f"this queue does not ask for {skill!r}: it helps only those who bring that along"
    if step.sites and not queue.sites:
        yield (*path, "sites"), "has no effect: without 'sites' the queue asks the agents of every site from the start"


def _circles(centre: Centre) -> Doubts:
    following = {
        key: {step.to_queue for step in queue.steps if step.to_queue is not None}
        for key, queue in centre.queues.items()
    }
    for key in centre.queues:
        seen, ahead = set[str](), list(following[key])
        while ahead:
            name = ahead.pop()
            ahead += following[name] - seen
            seen |= {name, *following[name]}
        if key in seen:
            place = next(at for at, step in enumerate(centre.queues[key].steps) if step.to_queue is not None)
            yield (
                ("queues", key, "steps", place, "to"),
                "contacts sent on from here can come back, and go round until somebody takes them",
            )


def _two_talks(centre: Centre) -> Doubts:
    for key, profile in centre.capacities.items():
        apart = any(set(TALKS) <= set(among) for among in profile.exclusive)
        if all(medium in profile.shares for medium in TALKS) and not apart:
            costs = sum(profile.shares[medium].cost for medium in TALKS)
            if costs <= 100:
                yield (
                    ("capacities", key),
                    "allows a call and a callback at once: write 'exclusive: [[voice, callback]]'",
                )


def _idle_interrupts(profile: Capacity) -> Doubts:
    """Interrupts that can never happen, since what they would pause keeps nothing away."""
    for by, media in profile.interrupts.items():
        for paused in media:
            apart = any({by, paused} <= set(among) for among in profile.exclusive)
            if not apart and by not in profile.bars.get(paused, ()) and profile.shares[paused].cost == 0:
                yield (
                    ("capacities", profile.key, "interrupts", by.value),
                    f"{paused.value} never gives way: {by.value} is taken beside it, unless 'exclusive' says so",
                )
