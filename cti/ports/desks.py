"""Hot desks: who has logged in at which desk phone, his PIN, and how the switch rings him there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cti.domain.ids import AgentId, Device, Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Somebody has logged in at a desk phone."""

    desk: str
    """Key in the centre file."""
    agent_id: AgentId
    before: Device
    """Which of his phones rang before: it does again when he leaves."""
    since_ms: Milliseconds


class PinAnswer(StrEnum):
    """What became of a PIN."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many wrong ones, of his or at this phone: no PIN is taken for a while."""
    UNKNOWN = "unknown"
    """He has none, or there is no such person or desk phone."""


class DeskBook(Protocol):
    """What outlives the engine. Each method raises DatabaseDown."""

    async def seats(self) -> Sequence[Seat]:
        """Everybody who has logged in, by desk."""

    async def take(self, seat: Seat) -> None:
        """He sits there from now on: neither anywhere else, nor anybody else there."""

    async def leave(self, agent_id: AgentId) -> None:
        """He sits nowhere; so already is success."""

    async def check(self, agent_id: AgentId, pin: str) -> PinAnswer:
        """Is this his PIN? Wrong ones are counted; after three none is taken for 15 minutes."""

    async def set_pin(self, agent_id: AgentId, pin: str) -> None:
        """This is his PIN from now on, and its lock is open. Raises RuleError when it is not 4 to 12 digits."""


class DeskSwitch(Protocol):
    """Desk phones at the switch. No method needs a connection: what is wanted is brought about when there is one."""

    def know(self, desks: Mapping[str, str]) -> None:
        """All the desk phones there are: the SIP password of each by its key."""

    def seat(self, desk: str, extension: str) -> None:
        """Calls to this extension's agent ring that phone from now on, once it is registered; talks go on."""

    def leave(self, extension: str) -> None:
        """They ring no desk phone any more; a talk goes on."""

    def is_reached(self, desk: str) -> bool:
        """Is the phone registered?"""


class Desks(Protocol):
    """Logging in and out; for the web. On the engine's loop."""

    @property
    def seats(self) -> Sequence[Seat]:
        """Everybody who has logged in, by desk."""

    def of(self, agent_id: AgentId) -> str | None:
        """The key of the desk phone at which he has logged in."""

    def is_reached(self, desk: str) -> bool:
        """Is the phone registered?"""

    async def log_in(self, agent_id: AgentId, desk: str) -> None:
        """He is rung there from now on; whoever sat there before is not. A talk goes on where it is.

        Raises NotFound for an unknown desk or someone without an extension, DatabaseDown.
        """

    async def log_in_by_phone(self, extension: str, pin: str, *, endpoint: str) -> PinAnswer:
        """Somebody has dialled in at this PJSIP endpoint; `pin` is what he pressed. Raises DatabaseDown.

        After ten refusals at one phone within 15 minutes, of unknown numbers too, no PIN is even looked at there.
        """

    async def log_out(self, agent_id: AgentId) -> None:
        """He is rung where he was before; nowhere already is success. Raises DatabaseDown."""

    async def log_out_by_phone(self, endpoint: str) -> bool:
        """Whoever sits at this endpoint leaves; whether there was somebody. Raises DatabaseDown."""

    async def set_pin(self, agent_id: AgentId, pin: str) -> None:
        """See `DeskBook.set_pin`. Raises DatabaseDown too."""
