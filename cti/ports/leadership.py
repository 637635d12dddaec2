"""Leadership: of all engines that know a home, at most one commands the switch and writes the journal.

Implemented in `cti.store`, by a lock file (`lead_file`, processes of one machine) and by a lease in PostgreSQL
(several machines); asked for by `cti.app` before anything is opened for writing or connected to a switch.
"""

from typing import NewType, Protocol

Epoch = NewType("Epoch", int)
"""Number of a reign: greater than that of every reign before it, from 1 on. Durable before the reign begins."""


class Leadership(Protocol):
    """One engine's claim to lead. Whoever does not lead appends nothing and sends no command."""

    async def gained(self) -> Epoch:
        """Wait until this process leads, however long, and return the number of its reign.

        May be cancelled: then nothing is held. Asked again while it leads, the same epoch comes back at once. Raises
        OutsideError when it cannot be known who leads.
        """

    async def lost(self) -> None:
        """Return when this process does not lead any more; never, where only its death ends that.

        What has returned here stays lost: the process must end. To be asked after `gained`; may be cancelled.
        """

    @property
    def leads(self) -> bool:
        """Does this process lead now? Asked before each append and each command, so it must not block."""

    async def confirmed(self) -> bool:
        """Wait until it is known whether this process leads, and say so; at once as long as `leads` is true.

        After the process stood still it is not known for a moment: what is to be sent waits here, and is sent only when
        this says yes. Once no has been said it stays so.
        """
