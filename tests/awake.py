"""Time as a process has it that is not always let run: for tests of how long something may take on a busy machine.

A test that bounds what waits asks `awake`; one that bounds what computes asks `time.thread_time`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BEAT_S = 0.02


@contextmanager
def awake() -> Iterator[Callable[[], float]]:
    """How many seconds have passed in which this process could run.

    A thread of its own beats; by how much it comes late, others had the processors, or the whole machine stood still.
    """
    over = threading.Event()
    began = beaten = time.monotonic()
    lost_s = 0.0

    def late_s() -> float:
        return max(0.0, time.monotonic() - beaten - 2 * _BEAT_S)

    def beat() -> None:
        nonlocal beaten, lost_s
        while not over.wait(_BEAT_S):
            lost_s += late_s()
            beaten = time.monotonic()

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        yield lambda: time.monotonic() - began - lost_s - late_s()
    finally:
        over.set()
        beating.join()
