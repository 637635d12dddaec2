"""What callers and agents may be hearing from us, as far as another command must know of it.

A leg too many in one of these sets costs a request, one too few somebody's voice. Made by `cti.asterisk.switch`.
"""

from collections.abc import Set

from cti.domain.ids import LegId
from cti.ports import Listing


class Heard:
    """The legs of one node."""

    def __init__(self) -> None:
        self.ringing: set[LegId] = set()
        """Callers whom nobody has picked up."""
        self.told: set[LegId] = set()
        """Legs that may be hearing an announcement or a tone of ours."""
        self.silent: set[LegId] = set()
        """Agents' legs to which silence may be sent (`KeepSound`)."""

    def ended(self, leg_id: LegId) -> None:
        """It hears nothing any more."""
        for legs in (self.ringing, self.told, self.silent):
            legs.discard(leg_id)

    def joined(self, *, told: Set[LegId], silent: Set[LegId]) -> None:
        """These hear others from now on, and nothing of ours."""
        self.told -= told
        self.silent -= silent

    def learn(self, listing: Listing, before: frozenset[LegId]) -> None:
        """All that a listing tells, which is news after a gap in the events and commands.

        `before`: the callers nobody had picked up when it was asked for.
        """
        callers = [leg for leg in listing.legs if leg.caller is not None]
        self.ringing -= before.difference(leg.leg_id for leg in callers)
        self.ringing.update(leg.leg_id for leg in callers if not leg.answered)
        self.told = {leg.leg_id for leg in listing.legs if leg.answered}
        self.silent = {leg.leg_id for leg in listing.legs if leg.answered and leg.caller is None and not leg.ear}

    def picked_up(self, listing: Listing) -> None:
        """What any listing tells for certain: who was answered."""
        self.ringing.difference_update(leg.leg_id for leg in listing.legs if leg.caller is not None and leg.answered)
