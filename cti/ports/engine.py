"""What the web may ask of the engine, and what the engine tells the open pages."""

from dataclasses import dataclass
from typing import Protocol

from cti.domain.acd import Decision
from cti.domain.events import ContactArrived, Event, InviteRequested, OutboundRequested, TransferRequested
from cti.domain.ids import AgentId, ContactId, Milliseconds, NodeId, ProjectId
from cti.domain.state import State
from cti.ports.customers import Particulars
from cti.ports.switch import CallerLost, Switch


class Engine(Protocol):
    """What the web may ask of the engine; all of it on the engine's own loop."""

    @property
    def state(self) -> State:
        """The ACD's tables, to read and not to keep."""

    @property
    def switch_up(self) -> bool: ...

    def now(self) -> Milliseconds: ...

    async def handle(self, event: Event) -> Decision:
        """Have the event decided and wait until it is on disk.

        Raises RuleError when the core refuses it (nothing has changed), OutsideError when the journal cannot write.
        """

    async def arrive(self, event: ContactArrived, particulars: "Arrival") -> ContactId:
        """A contact without a channel: kept, decided, flushed. Raises as `handle`.

        One that its source told already (`Arrival.source`) is not a second: the id that it has comes back, the contact
        may be closed by then. So a source acknowledges after this returns, and tells again what it is not sure of.
        """

    async def call(self, event: OutboundRequested, particulars: "Arrival") -> ContactId:
        """An agent wants this customer called, his own phone first: kept, decided, flushed. Raises as `handle`.

        Whether he may, and the number may be, is asked before.
        """

    async def transfer(self, event: TransferRequested | InviteRequested, number: str) -> Decision:
        """As `handle`; `number` (E.164) is rung if the target is one outside, and kept. Asked before, as for `call`."""

    async def hear_of_lost(self, caller: CallerLost) -> None:
        """A caller reached nobody: a callback for one who was cut off, a task where his queue wants that
        (`QueueOpened.lost_to`).

        None without a number to call back, nor while anything of this number is live: one, however often he tried or it
        is told. On disk when it returns. Raises RuleError, NotFound, OutsideError.
        """

    def particulars(self, contact_id: ContactId) -> Particulars | None:
        """What is known of the person, from memory; None once the contact has been closed for a while."""

    def switch(self, node: NodeId) -> Switch:
        """For mute and digits only. Raises NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The particulars of a contact that has no id yet."""

    address: str = ""
    name: str = ""
    language: str = "en"
    subject: str = ""
    source: str = ""
    """The source's own key of the request, the same whenever it tells of it again; "" when it has none."""


class Desktops(Protocol):
    """The pages that are open; implemented by `cti.web`, told by the engine. No call may block or raise."""

    def expect(self, address: str, *, project_id: ProjectId) -> None:
        """A contact from this address will be shown soon: its customer may be looked up already."""

    def decided(self, decision: Decision, now: Milliseconds) -> None:
        """After every event, at once and in order: facts to push, ShowPop and ClosePop among the commands."""

    def is_connected(self, agent_id: AgentId) -> bool:
        """Does a page of his answer pings?"""

    def switch_changed(self, *, up: bool) -> None:
        """Asterisk went away or came back."""
