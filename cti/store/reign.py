"""Who may lead: the rules of the lease, pure. Times are given, nothing is asked here.

Theory of operation. The row `leader` holds the number of the present reign (its epoch) and until when its lease lasts,
by the database's clock. The leader renews it; whoever waits may claim, which raises the epoch by one and succeeds for
one only. The leader counts its lease by a clock of its own (`lease.now_s`) from before it asked, less a margin: so it
stops before anyone may think that it has. A process that stood still finds on waking that its time is over, and asks
before it acts.

The database away is nobody's reason to claim: then nobody can. The leader goes on as long as each try to reach the
database fails outright; what bounds a leader that alone is cut off is that the waiting one asks it at its own address,
and that the switch tells it when another takes over its application. See the decision on the standby.
`cti.store.lease` does the asking.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEASE_S: Final = 8.0
"""How long a lease lasts from each renewal: a lost host is noticed so late."""
RENEW_EVERY_S: Final = 0.5
MARGIN_S: Final = 1.0
"""By how much the leader stops before its lease ends: clocks of two machines may drift by that in a lease."""
GOES_ON_S: Final = 6.5
"""How long a failed try to reach the database lets the leader go on, from its beginning: longer than two tries with the
pause between them take, and shorter than the lease, which is how long the database must be back before a claim."""
_LEASE_MS: Final = int(LEASE_S * 1000)


class Answer(StrEnum):
    """What was heard at the leader's own address."""

    LEADS = "leads"
    """It answers that it leads, in the reign asked for."""
    GONE = "gone"
    """Nobody listens there, or an engine that says it does not lead: the process of that reign is no more."""
    SILENT = "silent"
    """Nothing that says so: it stands still, is too busy, or cannot be reached from here, or what is reached there is
    this machine itself or no engine.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The leader's row, as one statement found it."""

    epoch: int
    """0 before the first reign."""
    url: str
    expires_ms: int
    now_ms: int
    """The database's clock in that statement."""
    held: bool
    """Does the leader's session with the database still exist?"""
    elsewhere: bool = False
    """Is the leader on another machine than who looks?"""


def may_claim(seen: Seen, answer: Answer, *, session_ms: int) -> bool:
    """May the reign in the row be ended by a claim?

    `session_ms`: how long the waiting process has had this session with the database, in which the row could be written
    whenever its time was over. After the database was away the leader gets a whole lease's time to come back and renew.
    """
    if seen.epoch == 0 or seen.expires_ms == 0:
        return True
    if answer is Answer.LEADS:
        return False
    if answer is Answer.GONE and not seen.held:
        return True
    return seen.now_ms >= seen.expires_ms and session_ms >= _LEASE_MS


class Hold:
    """What the leader believes of its own reign; times in s of a clock that goes on while it or its machine sleeps."""

    def __init__(self) -> None:
        self._until_s = 0.0
        self.away = False
        """The last try to reach the database failed."""
        self.over = False
        """Another leads, for good."""

    def renewed(self, *, asked_s: float) -> None:
        """The database confirmed the reign; `asked_s` is from before it was asked.

        An answer that took long does not take back what failed tries gained meanwhile: they count from their own
        beginning, as if no answer had come.
        """
        self.away = False
        self._until_s = max(self._until_s, asked_s + LEASE_S - MARGIN_S)

    def unreached(self, *, tried_s: float) -> None:
        """A try to reach the database, begun at `tried_s`, failed: nobody could have claimed there meanwhile.

        Whose time was over before he tried, having stood still, does not go on by that: another may have claimed then.
        """
        self.away = True
        if self.stands(tried_s):
            self._until_s = tried_s + GOES_ON_S

    def end(self) -> None:
        """Another leads."""
        self.over = True

    def stands(self, now_s: float) -> bool:
        """May this process write and command now?"""
        return not self.over and now_s < self._until_s
