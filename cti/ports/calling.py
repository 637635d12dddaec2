"""Who is not to be called. Implemented by `cti.store`; asked wherever somebody, or the centre itself, would call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from cti.domain.ids import Milliseconds, ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """One number that is not to be called."""

    project_id: ProjectId | None
    """By whom not; None: by nobody."""
    number: str
    """E.164."""
    added_ms: Milliseconds
    actor: str
    """Who entered it: a login, or `system`."""
    reason: str


class DoNotCall(Protocol):
    """The registry. Every call raises DatabaseDown: who cannot ask does not call."""

    async def is_listed(self, number: str, *, project_id: ProjectId) -> bool:
        """Whether this number (E.164) is not to be called for the project, or for nobody. Within 1 s."""

    async def listed_among(self, numbers: Collection[str], *, project_id: ProjectId) -> frozenset[str]:
        """Those of these numbers (E.164) that are not to be called for the project."""

    async def add(self, numbers: Collection[str], *, project_id: ProjectId | None, reason: str, actor: str) -> int:
        """Enter these numbers (E.164), for one project or for all; how many were not there yet. Audited."""

    async def remove(self, number: str, *, project_id: ProjectId | None, actor: str) -> bool:
        """Take this entry out; False when there was none. The other of project and all stays. Audited."""

    async def entries(
        self, project_ids: Collection[ProjectId | None], *, begins: str = "", limit: int
    ) -> Sequence[Barred]:
        """Entries of these projects (None: those for all), whose numbers begin so, newest first."""
