"""`dialer`: how busy a predictive campaign keeps its agents, and how near it comes to its cap on abandoned calls.

`model` is the day, `pacers` are those compared, `compared` runs and judges them, `table` tells. Called by
`cti.bench.commands`.
"""

from cti.bench.dialer.compared import measure

__all__ = ["measure"]
