"""The emulated carrier at work: it calls the centre, and it holds the demo agents' phones.

Here: placing and ending calls, registering phones and how they behave, and all that happens to them as `Seen` records,
counted by the carrier's own dialplan and never asked of the engine. Not here: who wants all that (`cti.demo.call`,
`agents`, `traffic`, `cti.bench`), the ledger (`cti.demo.ledger`), and the carrier's configuration
(`asterisk-conf/carrier`), which sends a UserEvent for every step.
"""

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

import httpx

from cti import variables
from cti.demo.manager import Fields, Manager
from cti.errors import AsteriskDown, OutsideError
from cti.home import Home, PortPlan

RING_LIMIT_S: Final = 60
"""How long a caller lets it ring."""
_USER: Final = "demo"
_CALL: Final = "call-"
"""Begins the id of a caller's leg, and of the action that makes it; the label follows."""
_BURST: Final = 8
"""Phones that are registered at once."""


class Who(StrEnum):
    """On whose side of the carrier something happened."""

    CALLER = "Caller"
    PHONE = "Phone"
    CALLED = "Called"
    """Somebody outside whom the centre calls; the label is his number as it was dialled."""


class Step(StrEnum):
    """What happened to a call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    HEARD = "heard"
    """The other side's tone came for half a second: this way of the audio is proven."""
    SPEAKS = "speaks"
    """The centre says something, be it a tone; only with `watch_closely` or `watch_called`."""
    ENDED = "ended"


class Says(StrEnum):
    """What people say whom the centre calls, once they have picked up."""

    HELLO = "hello"
    """Then they wait for an answer: an agent's tone, after which they sound theirs. As it is at first."""
    TONE = "tone"
    """At once."""
    SILENCE = "silence"
    NOTHING = "nothing"
    """Not one packet is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that the carrier saw."""

    at_s: float
    """`time.monotonic()`"""
    who: Who
    label: str
    """The call's label, or the phone's extension."""
    step: Step
    leg: str
    """The carrier's own id of the leg; "" for a call that never got one."""
    number: str
    """For a phone: whose call it shows, as the centre sent it. For a caller: ""."""
    cause: int
    """Q.850; 0 until the end, and for a call that the centre never took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A call to be made. `label` is unique among the calls of this carrier."""

    label: str
    caller: str
    """E.164 with +"""
    to: str
    """E.164 with +"""
    digits: str = ""
    """Pressed after `digits_after_s`; `w` waits half a second."""
    digits_after_s: float = 1.0
    phone: str = ""
    """The extension of a registered phone that has a `user`, which makes this call; "" is somebody outside."""
    sound: str = ""
    """Path of a sound without its ending, said over and over in place of the tone."""
    stay_s: float = 600.0
    """The caller hangs up this long after the answer."""


@dataclass(slots=True, kw_only=True)
class Call:
    """A call under way."""

    order: Order
    placed_s: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Future[Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class SipPhone:
    """A phone to be registered at the centre."""

    extension: str
    secret: str
    user: str = ""
    """As which it registers, and may call the centre itself; "" for the agent's of that extension."""


class Carrier:
    """The emulated carrier of one home; `async with`. Phones it registered and calls it placed go with it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._calls: dict[str, Call] = {}
        self._listeners: list[Callable[[Seen], None]] = []
        self._registered: dict[str, SipPhone] = {}
        self._closely: dict[str, str] = {}
        self._all_closely = False
        self._spoken_to: dict[str, tuple[Who, str]] = {}
        self._run = f"{os.getpid()}.{time.monotonic_ns() // 1_000_000}"
        self._labels = itertools.count(1)

    async def __aenter__(self) -> Self:
        """Raises AsteriskDown when the carrier does not run."""
        secrets, ports = self._home.secrets, self._home.ports
        self._manager = await Manager.connect(
            PortPlan.CARRIER_ADDRESS,
            ports.carrier_ami,
            user=_USER,
            secret=secrets.carrier_ami_password,
            on_event=self._take,
        )
        self._ari = httpx.AsyncClient(
            base_url=f"http://{PortPlan.CARRIER_ADDRESS}:{ports.carrier_http}/ari",
            auth=(_USER, secrets.carrier_ari_password),
            timeout=5.0,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OutsideError):
            await asyncio.gather(*(self.hang_up(label) for label in list(self._calls)))
            await self.unregister(list(self._registered))
        await self._ari.aclose()
        await self._manager.close()

    @property
    def gone(self) -> asyncio.Task[None]:
        """Done when the carrier has gone away."""
        return self._manager.closed

    def label(self) -> str:
        """A label that no other call has, of this process or another: everyone sees all of the carrier's events."""
        return f"{self._run}-{next(self._labels)}"

    def listen(self, listener: Callable[[Seen], None]) -> None:
        """From now on `listener` gets everything seen, in order, on the loop; it must not block."""
        self._listeners.append(listener)

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def place(self, order: Order) -> Call:
        """Send the call on its way; returns before it is answered. Raises OutsideError.

        And AsteriskDown: without an answer it may be on its way nevertheless, see `under_way`.
        """
        call = Call(order=order, placed_s=time.monotonic(), ended=asyncio.get_running_loop().create_future())
        self._calls[order.label] = call
        channel_id = _CALL + order.label
        try:
            await self._manager.ask(
                "Originate",
                {
                    "Channel": f"PJSIP/{order.to}@{f'phone-{order.phone}' if order.phone else 'centre'}",
                    "ChannelId": channel_id,
                    "Context": "to-centre",
                    "Exten": "s",
                    "Priority": "1",
                    "CallerID": f"<{order.caller}>",
                    "Timeout": str(RING_LIMIT_S * 1000),
                    "Async": "true",
                },
                variables=[
                    ("LABEL", order.label),
                    ("DIGITS", order.digits),
                    ("DIGITS_AFTER_S", f"{order.digits_after_s:g}"),
                    ("SAY", order.sound),
                    ("STAY_S", f"{order.stay_s:.0f}"),
                ],
                action_id=channel_id,
            )
        except OutsideError as error:
            if not isinstance(error, AsteriskDown) or self.gone.done():
                self._calls.pop(order.label, None)
            raise
        return call

    def under_way(self, label: str) -> Call | None:
        """The call that was placed and has not ended, as far as is known."""
        return self._calls.get(label)

    async def hang_up(self, label: str) -> None:
        """The caller hangs up, answered or not; gone already is success."""
        await self._act_on(label, "Hangup", {"Cause": "16"})

    async def press(self, label: str, digit: str) -> None:
        """The caller presses one key. Gone already is success."""
        await self._act_on(label, "PlayDTMF", {"Digit": digit, "Duration": "200"})

    async def _act_on(self, label: str, action: str, fields: Fields) -> None:
        await self._act(_CALL + label, action, fields)

    async def _act(self, leg: str, action: str, fields: Fields) -> None:
        try:
            await self._manager.ask(action, {"Channel": leg, **fields})
        except AsteriskDown:
            raise
        except OutsideError:
            return

    async def watch_closely(self, label: str) -> None:
        """Also see RINGING of this caller's legs, and SPEAKS once `listen_to_centre` was asked; costs events."""
        for name in ("Newstate", "ChannelTalkingStart"):
            await self._manager.ask("Filter", {"Operation": "Add", "Filter": f"Event: {name}"})
        self._closely[_CALL + label] = label

    async def listen_to_centre(self, label: str) -> None:
        """Have the answered call report when the centre begins to speak."""
        await self._act_on(label, "Setvar", {"Variable": "TALK_DETECT(set)", "Value": "500,256"})

    async def watch_called(self) -> None:
        """Also see SPEAKS of all whom the centre calls from now on, and of phones that answer; costs events."""
        await self._manager.ask("Setvar", {"Variable": "LISTENS", "Value": "1"})
        await self._manager.ask("Filter", {"Operation": "Add", "Filter": "Event: ChannelTalkingStart"})
        self._all_closely = True

    async def let_called_say(self, what: Says) -> None:
        """How everybody takes calls who picks up from now on."""
        await self._manager.ask("Setvar", {"Variable": "CALLED_SAYS", "Value": what})

    async def hang_up_called(self, leg: str) -> None:
        """Somebody called hangs up; `leg` as in `Seen`. Gone already is success."""
        await self._act(leg, "Hangup", {"Cause": "16"})

    # -- phones --------------------------------------------------------------------------------------------------------

    async def register(self, phones: Iterable[SipPhone]) -> None:
        """Register these phones at the centre, again and again until it takes them. Raises AsteriskDown."""
        gate = asyncio.Semaphore(_BURST)

        async def one(phone: SipPhone) -> None:
            async with gate:
                await self._register(phone)

        await asyncio.gather(*map(one, phones))

    async def _register(self, phone: SipPhone) -> None:
        name, user = f"phone-{phone.extension}", phone.user or variables.agent_endpoint(phone.extension)
        centre = f"{PortPlan.CENTRE_ADDRESS}:{self._home.ports.sip}"
        await self._put("auth", name, {"auth_type": "userpass", "username": user, "password": phone.secret})
        self._registered[phone.extension] = phone
        await self._put(
            "registration",
            name,
            {
                "transport": "transport-udp",
                "outbound_auth": name,
                "server_uri": f"sip:{centre}",
                "client_uri": f"sip:{user}@{centre}",
                "contact_user": phone.extension,
                "expiration": "120",
                "max_random_initial_delay": "0",
                "retry_interval": "2",
                "forbidden_retry_interval": "2",
                "fatal_retry_interval": "2",
                "max_retries": "100000",
                "auth_rejection_permanent": "no",
            },
        )

        if phone.user:
            await self._put(
                "endpoint",
                name,
                {
                    "transport": "transport-udp",
                    "aors": "centre",
                    "outbound_auth": name,
                    "from_user": user,
                    "from_domain": PortPlan.CARRIER_ADDRESS,
                    "context": "from-centre",
                    "disallow": "all",
                    "allow": "ulaw,alaw",
                    "direct_media": "no",
                    "media_address": PortPlan.CARRIER_ADDRESS,
                    "bind_rtp_to_media_address": "yes",
                },
            )

    async def unregister(self, extensions: Sequence[str]) -> None:
        """Take the phones away; unknown is success. Raises AsteriskDown."""
        gate = asyncio.Semaphore(_BURST)

        async def one(extension: str) -> None:
            async with gate:
                for kind in ("registration", "endpoint", "auth"):
                    await self._request("DELETE", kind, f"phone-{extension}", None)
            self._registered.pop(extension, None)

        await asyncio.gather(*map(one, extensions))

    async def holds(self, extension: str) -> bool:
        """Does the carrier hold this phone, whoever put it there? Raises AsteriskDown."""
        return await self._request("GET", "registration", f"phone-{extension}", None)

    async def behave(self, extension: str, *, ring_s: float, talk_s: float) -> None:
        """How this phone takes its next calls: rings so long, hangs up `talk_s` after the answer, 0 for never."""
        for name, value in (("RING", ring_s), ("TALK", talk_s)):
            await self._manager.ask("Setvar", {"Variable": f"PHONE_{extension}_{name}_S", "Value": f"{value:g}"})

    async def _put(self, kind: str, name: str, fields: Fields) -> None:
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
        await self._request("PUT", kind, name, body)

    async def _request(self, method: str, kind: str, name: str, body: object) -> bool:
        """Whether there is such an object."""
        try:
            answer = await self._ari.request(method, f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}", json=body)
        except httpx.HTTPError as error:
            raise AsteriskDown("The emulated carrier does not answer over ARI.") from error
        if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
            raise OutsideError(f"The emulated carrier refused the phone ({answer.status_code}).", transient=False)
        return not answer.is_error

    # -- what happens --------------------------------------------------------------------------------------------------

    def _take(self, message: Fields) -> None:
        seen = self._user_event(message) if message["Event"] == "UserEvent" else self._other(message)
        if seen is None:
            return
        if seen.who is Who.CALLER:
            self._follow(seen)
        elif self._all_closely:
            self._remember(seen)
        for listener in self._listeners:
            listener(seen)

    def _follow(self, seen: Seen) -> None:
        call = self._calls.get(seen.label)
        if call is None:
            return
        if seen.step is Step.ANSWERED:
            call.answered.set()
        if seen.step is Step.ENDED:
            del self._calls[seen.label]
            if not call.ended.done():
                call.ended.set_result(seen)

    def _remember(self, seen: Seen) -> None:
        if seen.step is Step.ENDED:
            self._spoken_to.pop(seen.leg, None)
        else:
            self._spoken_to[seen.leg] = (seen.who, seen.label)

    def _user_event(self, message: Fields) -> Seen | None:
        try:
            who, step = Who(message["UserEvent"]), Step(message["State"])
        except (KeyError, ValueError):
            return None
        return _seen(
            who,
            message.get("Label", ""),
            step,
            leg=message.get("Uniqueid", ""),
            number=message.get("CallerIDNum", "") if who is Who.PHONE else "",
            cause=_number(message.get("Cause", "")),
        )

    def _other(self, message: Fields) -> Seen | None:
        leg = message.get("Uniqueid", "")
        match message["Event"]:
            case "OriginateResponse" if message.get("Response") == "Failure":
                return _seen(Who.CALLER, message.get("ActionID", "").removeprefix(_CALL), Step.ENDED, leg="")
            case "Newstate" if message.get("ChannelStateDesc") == "Ringing" and leg in self._closely:
                return _seen(Who.CALLER, self._closely[leg], Step.RINGING, leg=leg)
            case "ChannelTalkingStart" if leg in self._closely:
                return _seen(Who.CALLER, self._closely[leg], Step.SPEAKS, leg=leg)
            case "ChannelTalkingStart" if leg in self._spoken_to:
                who, label = self._spoken_to[leg]
                return _seen(who, label, Step.SPEAKS, leg=leg)
            case _:
                return None


def _seen(who: Who, label: str, step: Step, *, leg: str, number: str = "", cause: int = 0) -> Seen:
    return Seen(at_s=time.monotonic(), who=who, label=label, step=step, leg=leg, number=number, cause=cause)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
