"""Agents who come and go, become ready, and are reached or not on their phones and desktops."""

from msgspec import Struct

from cti.domain.ids import AgentId, Device, LegCause, LegId, Medium, NodeId, ReasonId


class AgentSignedIn(Struct, frozen=True, kw_only=True, gc=False):
    """He sits at a desktop or phone; not ready until he says so. A second sign-in moves the agent to the new device."""

    agent_id: AgentId
    device: Device


class AgentSignedOut(Struct, frozen=True, kw_only=True, gc=False):
    """He leaves. In a call: he takes nothing new and goes offline when the call's wrap-up is closed."""

    agent_id: AgentId


class DeviceChosen(Struct, frozen=True, kw_only=True, gc=False):
    """From the next ring on this device rings."""

    agent_id: AgentId
    device: Device


class AgentBecameReady(Struct, frozen=True, kw_only=True, gc=False):
    """He asks to be ready; refused while he is offline, or wants calls and his phone is not reachable."""

    agent_id: AgentId
    media: tuple[Medium, ...] = ()
    """Those he takes now; empty: every one. Sent again, it replaces them."""


class AgentBecameNotReady(Struct, frozen=True, kw_only=True, gc=False):
    """He asks for a break; an offer that already rings goes on."""

    agent_id: AgentId
    reason: ReasonId


class LineWanted(Struct, frozen=True, kw_only=True, gc=False):
    """He wants to stay connected between calls, or no longer: the phone he chose is rung once and then kept up."""

    agent_id: AgentId
    wanted: bool


class LineAnswered(Struct, frozen=True, kw_only=True, gc=False):
    """The phone that was rung for a line was picked up, and its leg is in our hands."""

    agent_id: AgentId
    leg_id: LegId
    node: NodeId | None = None


class LineFailed(Struct, frozen=True, kw_only=True, gc=False):
    """It could not be rung, or nobody picked it up."""

    agent_id: AgentId
    leg_id: LegId
    cause: LegCause


class DesktopConnected(Struct, frozen=True, kw_only=True, gc=False):
    """A page of his answers pings; pops can be shown."""

    agent_id: AgentId


class DesktopLost(Struct, frozen=True, kw_only=True, gc=False):
    """No page of his answers pings any more."""

    agent_id: AgentId


class PhoneReachable(Struct, frozen=True, kw_only=True, gc=False):
    """The device made a registration. Said at each new one, also when the old was not missed: a lost leg is rung."""

    agent_id: AgentId
    device: Device


class PhoneUnreachable(Struct, frozen=True, kw_only=True, gc=False):
    """The device has none."""

    agent_id: AgentId
    device: Device
