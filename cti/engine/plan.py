"""What the centre file asks for: hours, queues and campaigns; and what the ACD has still to hear of it.

A queue that another centre file lacks goes on for those who come by an older version of the dialplan, until it is
closed. In memory only; the engine posts the events.
"""

from collections.abc import Iterator, Sequence

from cti.domain.events import CampaignClosed, CampaignOpened, HoursSet, QueueClosed, QueueOpened
from cti.domain.ids import CampaignId, QueueId
from cti.domain.state import State

Rule = HoursSet | QueueOpened | CampaignOpened
"""What the centre file says to the ACD."""


class Plan:
    """The rules in force."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """`rules` are all that the centre file says, in the order in which the ACD is to hear them."""
        self.queues: dict[QueueId, QueueOpened] = {}
        """The same mapping for ever: whoever looks queues up there sees each change."""
        self._missing: frozenset[QueueId] = frozenset()
        """Queues that only older versions of the dialplan know."""
        self._hours: list[HoursSet] = []
        self._campaigns: dict[CampaignId, CampaignOpened] = {}
        self.change(rules)

    def change(self, rules: Sequence[Rule]) -> None:
        """Another centre file counts from now on; what it lacks of queues stays until `drop_missing`."""
        self._hours = [rule for rule in rules if isinstance(rule, HoursSet)]
        self._campaigns = {rule.campaign_id: rule for rule in rules if isinstance(rule, CampaignOpened)}
        opened = {rule.queue_id: rule for rule in rules if isinstance(rule, QueueOpened)}
        missing = {queue_id: rule for queue_id, rule in self.queues.items() if queue_id not in opened}
        self._missing = frozenset(missing)
        self.queues.clear()
        self.queues.update({**opened, **missing})

    def drop_missing(self) -> bool:
        """Queues that the centre file has no more are none any more; whether there were such."""
        for queue_id in self._missing:
            self.queues.pop(queue_id, None)
        dropped, self._missing = bool(self._missing), frozenset()
        return dropped

    def unheard(self, state: State) -> Iterator[Rule | QueueClosed | CampaignClosed]:
        """What is to be said so that this state is as the plan has it."""
        for hours in self._hours:
            if state.hours.get(hours.hours_id) != hours:
                yield hours
        for queue in self.queues.values():
            known = state.queues.get(queue.queue_id)
            if known is None or not known.open or known.rules != queue:
                yield queue
        for queue_id, known in state.queues.items():
            if queue_id not in self.queues and known.open:
                yield QueueClosed(queue_id=queue_id)
        yield from self._unheard_campaigns(state)

    def _unheard_campaigns(self, state: State) -> Iterator[CampaignOpened | CampaignClosed]:
        for campaign in self._campaigns.values():
            known = state.campaigns.get(campaign.campaign_id)
            if known is None or not known.open or known.rules != campaign:
                yield campaign
        for campaign_id, running in state.campaigns.items():
            if campaign_id not in self._campaigns and running.open:
                yield CampaignClosed(campaign_id=campaign_id)
