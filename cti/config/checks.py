"""What can be seen only when every record is sound: checks across the sections of a `Centre`.

A new check is a generator of `(path, problem)`, called from `across`. Not here: whether a named thing exists at all
(`cti.config.names`, while reading).
"""

from collections.abc import Iterator

from cti import actions
from cti.config.centre import Centre
from cti.config.located import KeyPath


def across(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Every mistake across sections: the path of its key, and what is wrong with it."""
    yield from _strangers(centre)
    yield from _missing_account(centre)
    yield from _circles(centre)


def _strangers(centre: Centre) -> Iterator[tuple[KeyPath, str]]:
    """Queues named by a project that does not own them."""
    for key, project in centre.projects.items():
        if centre.queues[project.operator].project != key:
            yield ("projects", key, "operator"), f"the queue {project.operator!r} belongs to another project"
    for key, number in centre.numbers.items():
        if isinstance(number.to, actions.ToQueue) and centre.queues[number.to.queue].project != number.project:
            yield ("numbers", key, "to"), f"the queue {number.to.queue!r} belongs to another project"


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
