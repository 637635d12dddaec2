"""`virtual`: how many e-mails, chats and messages a second the centre takes in durably and brings to agents.

`compared` runs the sides in turns and judges them, `house` is the engine with its stores, `floor` the agents who take
and finish what comes, `bare` the plain alternative, `postgres` a server of the benchmark's own. Called by
`cti.bench.commands`.
"""

from cti.bench.virtual.compared import measure

__all__ = ["measure"]
