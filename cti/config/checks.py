"""What can be seen only when every record is sound: checks across the sections of a `Centre`.

A new check is a generator of `(path, problem)`, called from `across`. Not here: whether a named thing exists at all
(`cti.config.names`, while reading).
"""

from collections.abc import Iterator

from cti import actions, rules
from cti.config.centre import Centre
from cti.config.located import KeyPath
from cti.domain.audit import fairness
from cti.regard import tier_key


def across(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Every mistake across sections: the path of its key, and what is wrong with it."""
    yield from _strangers(centre)
    yield from _missing_account(centre)
    yield from _circles(centre)
    yield from _steps(centre)
    yield from _overflowing_at_once(centre)
    yield from _starving(centre)
    yield from _same_tiers(centre)
    yield from _chats(centre)
    yield from _calling(centre)
    yield from _mail(centre)
    yield from _campaigns(centre)


def _strangers(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Queues named by a project that does not own them."""
    for key, project in centre.projects.items():
        if centre.queues[project.operator].project != key:
            yield ("projects", key, "operator"), f"the queue {project.operator!r} belongs to another project"
    for key, number in centre.numbers.items():
        if isinstance(number.to, actions.ToQueue) and centre.queues[number.to.queue].project != number.project:
            yield ("numbers", key, "to"), f"the queue {number.to.queue!r} belongs to another project"
    for key, queue in centre.queues.items():
        if queue.lost_to is not None and centre.queues[queue.lost_to].project != queue.project:
            yield ("queues", key, "lost_to"), f"the queue {queue.lost_to!r} belongs to another project"


def _missing_account(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    if centre.account is not None:
        return
    for key, menu in centre.menus.items():
        for digit, action in menu.options.items():
            if isinstance(action, actions.ToAccount):
                yield ("menus", key, "options", digit), "'account' needs the section 'account', which is missing"


def _circles(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    for key in centre.hours:
        if _leads_to_itself(centre, key):
            yield ("hours", key), "leads back to itself, so a caller would never arrive"


def _leads_to_itself(centre: Centre, key: str) -> bool:
    """Whether these hours lead to themselves by way of hours only."""
    seen, ahead = set[str](), [key]
    while ahead:
        hours = centre.hours[ahead.pop()]
        following = [action.hours for action in (hours.open, hours.closed) if isinstance(action, actions.ToHours)]
        if key in following:
            return True
        ahead += [name for name in following if name not in seen]
        seen.update(following)
    return False


def _steps(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Steps that lead nowhere, or offer what the queue does not have."""
    for key, queue in centre.queues.items():
        for place, step in enumerate(queue.steps):
            path = ("queues", key, "steps", place)
            if step.to_queue == key:
                yield (*path, "to"), "leads to the queue it stands in: name another one"
            elif step.to_queue is not None and centre.queues[step.to_queue].project != queue.project:
                yield (*path, "to"), f"the queue {step.to_queue!r} belongs to another project"
            if step.offer_callback and queue.callback is None:
                yield (*path, "offer_callback"), f"needs 'callback' in the queue {key!r}, such as 'callback: true'"


def _overflowing_at_once(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Circles of queues that send on at the very entry: a contact would never come to rest."""
    following = {
        key: [step.to_queue for step in queue.steps if step.to_queue is not None and step.after_s == 0]
        for key, queue in centre.queues.items()
    }
    for key in centre.queues:
        seen, ahead = set[str](), list(following[key])
        while ahead:
            seen.add(name := ahead.pop())
            ahead += [further for further in following[name] if further not in seen]
        if key in seen and key not in following[key]:
            place = next(place for place, step in enumerate(centre.queues[key].steps) if step.to_queue in seen)
            yield (
                ("queues", key, "steps", place, "to"),
                "leads back here at once, in a circle of queues: give one of these steps an 'after_s' above 0",
            )


def _starving(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Queues in which a contact may wait for ever though nobody said so by `strict`."""
    paced = [queue for queue in centre.queues.values() if not queue.strict]
    for bound in fairness.bounds([rules.queue_opened(queue) for queue in paced]):
        if bound.fixed_ms is not None:
            continue
        problem = (
            f"{bound.medium.value} may wait here for ever: give it a weight above 0 or mark the queue 'strict: true'"
        )
        yield ("queues", bound.queue_id, "weights_percent", bound.medium.value), problem


def _same_tiers(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Tiers that differ in case only: a customer's field would name both."""
    first: dict[str, str] = {}
    for key in centre.tiers:
        other = first.setdefault(tier_key(key), key)
        if other != key:
            yield ("tiers", key), f"is the same as {other!r}, since capitals do not count: keep one"


def _chats(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Chats whose messages would end up with another company."""
    for key, chat in centre.chats.items():
        if (
            chat.messages_to is not None
            and centre.queues[chat.messages_to].project != centre.queues[chat.queue].project
        ):
            yield ("chats", key, "messages_to"), f"the queue {chat.messages_to!r} belongs to another project"


def _mail(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """An address, or a folder, that belongs to two accounts: each would answer the other's mail."""
    addresses: dict[str, str] = {}
    folders: dict[tuple[str, int, str, str], str] = {}
    for key, account in centre.mail.items():
        for address in (account.address, *account.aliases):
            other = addresses.setdefault(address.lower(), key)
            if other != key:
                yield ("mail", key, "address"), f"{address} belongs to the account {other!r} already"
        imap = account.imap
        other = folders.setdefault((imap.host, imap.port, imap.user or "", imap.folder), key)
        if other != key:
            yield ("mail", key, "imap"), f"this folder is read by the account {other!r} already"


def _calling(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Calls that would be another company's, or have a result that its agents cannot choose."""
    for key, calling in centre.calling.projects.items():
        path = ("calling", "projects", key)
        if calling.queue is not None and centre.queues[calling.queue].project != key:
            yield (*path, "queue"), f"the queue {calling.queue!r} belongs to another project"
        number = centre.numbers.get(calling.number) if calling.number is not None else None
        if calling.number is not None and (number is None or number.project != key):
            yield (*path, "number"), f"{calling.number} is no number of this project: it stands under 'numbers'"
        for cause, disposition in calling.missed.items():
            if disposition not in centre.projects[key].dispositions:
                yield (*path, "missed", cause.value), f"the project has no disposition {disposition!r}"


def _campaigns(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Campaigns that would work for another company, or call under its number."""
    for key, campaign in centre.campaigns.items():
        if centre.queues[campaign.queue].project != campaign.project:
            yield ("campaigns", key, "queue"), f"the queue {campaign.queue!r} belongs to another project"
        number = centre.numbers.get(campaign.caller_id) if campaign.caller_id is not None else None
        if campaign.caller_id is not None and (number is None or number.project != campaign.project):
            yield (
                ("campaigns", key, "caller_id"),
                f"{campaign.caller_id} is no number of the project {campaign.project!r}: callees could not call back",
            )
