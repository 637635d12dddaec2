"""A mean and its 95 % confidence interval from independent replications.

Student's t (Biometrika 6, 1908) with n - 1 degrees of freedom; paired differences the same way. Pure.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_T_975: Final = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
"""The 97.5 % quantile for 1 … 30 degrees of freedom."""
_Z_975: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure over replications; `half` is None with fewer than two of them."""

    mean: float
    half: float | None
    """Half the width of the interval: the truth lies within mean ± half, 19 times out of 20."""
    error: float | None
    """Standard error of the mean."""
    replications: int

    @property
    def is_certain_of_sign(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.half is not None and abs(self.mean) > self.half


def t_975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; beyond 30 by its expansion (Abramowitz and Stegun 26.7.5)."""
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z, v = _Z_975, freedom
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and interval. Raises ValueError when there is no value."""
    if not values:
        raise ValueError("no values")
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean=mean, half=None, error=None, replications=count)
    error = statistics.stdev(values) / math.sqrt(count)
    return Estimate(mean=mean, half=t_975(count - 1) * error, error=error, replications=count)
