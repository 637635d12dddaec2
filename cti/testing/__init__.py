"""What tests, the simulator and benchmarks stand on: a clock moved by hand, a day told as a script, and the invariants.

No part of the running product imports this package.
"""

from cti.testing.clock import START_MS, ManualClock
from cti.testing.invariants import broken_invariants, can_take
from cti.testing.scenario import NODE, Scenario, caller_leg, levels

__all__ = [
    "NODE",
    "START_MS",
    "ManualClock",
    "Scenario",
    "broken_invariants",
    "caller_leg",
    "can_take",
    "levels",
]
