"""What each fact changes in the tables: one function a fact, and no rule.

Called by `cti.domain.state.State.apply`, in deciding and in recovery alike. A function raises `IllegalTransition` where
the machines have no such move, before anything has changed.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cti.domain.facts import Fact
from cti.domain.folds import (
    agents,
    assignments,
    callbacks,
    campaigns,
    contacts,
    engine,
    monitors,
    parking,
    parties,
    setup,
)

if TYPE_CHECKING:
    from cti.domain.state import State

FOLDS: Final[Mapping[type[Fact], Callable[["State", Any], None]]] = {
    **agents.FOLDS,
    **assignments.FOLDS,
    **callbacks.FOLDS,
    **campaigns.FOLDS,
    **contacts.FOLDS,
    **engine.FOLDS,
    **monitors.FOLDS,
    **parking.FOLDS,
    **parties.FOLDS,
    **setup.FOLDS,
}
