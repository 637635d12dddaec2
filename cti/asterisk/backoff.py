"""How long to wait before the next try to reach Asterisk. Used by the ARI and the AMI connection."""

import random
from typing import Final

FIRST_S: Final = 0.1
LONGEST_S: Final = 5.0
HEALTHY_AFTER_S: Final = 30.0
"""How long a connection must have stood before the next is tried at once: each costs both sides a whole welcome."""


class Backoff:
    """Doubles from 0.1 s to 5 s; each wait is shortened by up to a half at random, so that many clients spread out."""

    __slots__ = ("_next_s",)

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def stood(self, seconds: float) -> None:
        """A connection ended after so long; a healthy one lets the waits begin anew at the shortest."""
        if seconds >= HEALTHY_AFTER_S:
            self._next_s = FIRST_S

    def longest(self) -> None:
        """Something must not be repeated soon: the next wait is the longest."""
        self._next_s = LONGEST_S

    def wait_s(self) -> float:
        """Seconds to wait now; the next call gives about twice as much."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(self._next_s * 2, LONGEST_S)
        return wait_s
