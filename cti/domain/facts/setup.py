"""What now counts of queues, agents and hours."""

from msgspec import Struct

from cti.domain.capacity import Capacity
from cti.domain.events import HoursSet, QueueOpened, SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId


class QueueConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The queue has these rules, and takes new contacts or does not."""

    rules: QueueOpened
    open: bool


class AgentConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """The person has these projects and skills; removed, he gets nothing new."""

    agent_id: AgentId
    project_ids: tuple[ProjectId, ...]
    skills: tuple[SkillLevel, ...]
    removed: bool = False
    site_id: SiteId | None = None
    capacity: Capacity | None = None


class HoursConfigured(Struct, frozen=True, kw_only=True, gc=False):
    """Opening hours are these."""

    hours: HoursSet
