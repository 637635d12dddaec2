"""A thin typed ARI client in ari-py's vocabulary (`channels.originate`, `bridges.addChannel`) over one WebSocket.

What lives here: which requests there are, and that a connection stands, again and again. One connection is
`cti.asterisk.link`; what events mean is `cti.asterisk.translate`; which requests a command needs is
`cti.asterisk.calls`. Called by `cti.asterisk.switch`.

A method sends at once and returns a future of its reply: calls made one after the other arrive in that order and need
not wait for each other. The future fails with an OutsideError, see `Link.request`.
"""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from cti.asterisk import wire
from cti.asterisk.backoff import Backoff
from cti.asterisk.link import DEADLINE_S, Link
from cti.errors import AsteriskDown, OutsideError

log = logging.getLogger(__name__)

CREATED: Final = 200
"""Status when an object was made; 409 when it had been there."""
NOT_LEADING: Final = "This engine is not known to lead now: it sends nothing."
EVENTS_USED: Final = (
    "RESTResponse",  # the filter applies to answers, too
    "StasisStart",
    "StasisEnd",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ApplicationReplaced",
)


class Client:
    """Keeps one connection alive and sends requests over whichever stands now.

    `on_event` gets every event in order, within the loop, and must not block. `prepare` is awaited on each new
    connection once it is subscribed and filtered, `on_connected` runs after that, and `on_disconnected` at its end.
    `may_send` is asked before every request and connection: while it says no nothing leaves. `on_replaced` hears that
    another client took the application over.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        password: str,
        application: str,
        on_event: Callable[[wire.Message], None],
        prepare: Callable[[], Awaitable[None]],
        on_connected: Callable[[], None],
        on_disconnected: Callable[[], None],
        may_send: Callable[[], bool] = lambda: True,
        on_replaced: Callable[[], None] = lambda: None,
    ) -> None:
        self._host = host
        self._port = port
        self._uri = f"ws://{host}:{port}/ari/events?app={quote(application)}&subscribeAll=false"
        self._authorization = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        self._application = application
        self._on_event = on_event
        self._prepare = prepare
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._may_send = may_send
        self._on_replaced = on_replaced
        self._link: Link | None = None
        self._epoch = 0
        self.channels = Channels(self)
        self.bridges = Bridges(self)
        self.playbacks = Playbacks(self)
        self.endpoints = Endpoints(self)
        self.deviceStates = DeviceStates(self)
        self.applications = Applications(self)
        self.asterisk = Asterisk(self)

    async def run(self) -> None:
        """Connect, and connect again whenever the connection ends; returns only by being cancelled.

        Replaced by another client of the same application, it waits the longest before it tries again, so that a
        successor is disturbed as little as can be; whoever must not come back cancels this.
        """
        backoff = Backoff()
        while True:
            try:
                await self._serve_one(backoff)
            except (OSError, OutsideError) as error:
                log.warning("ARI is not reachable: %s", error, extra={"action": "ari_unreachable"})
            except Exception:  # a connection's reconnect: whatever it was, the next connection begins anew
                log.exception("The ARI connection failed and is made anew", extra={"action": "ari_failed"})
            await asyncio.sleep(backoff.wait_s())

    async def _serve_one(self, backoff: Backoff) -> None:
        if not self._may_send():
            raise AsteriskDown(NOT_LEADING)
        self._epoch += 1
        begun = asyncio.get_running_loop().time()
        link = Link(epoch=self._epoch, uri=self._uri, authorization=self._authorization, on_event=self._on_event)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.get_running_loop().create_connection(lambda: link, self._host, self._port)
                await link.opened
            if link.ended.done():
                raise AsteriskDown(
                    "Asterisk refused the ARI connection: it is starting, or name or password are wrong."
                )
            self._link = link
            await self.applications.filter(self._application, allowed=EVENTS_USED)
            await self._prepare()
            self._on_connected()
            try:
                await link.ended
            finally:
                self._on_disconnected()
                backoff.stood(asyncio.get_running_loop().time() - begun)
            if link.replaced:
                log.error("Another client took over ARI application", extra={"action": "ari_replaced"})
                backoff.longest()
                self._on_replaced()
        except TimeoutError as error:
            raise AsteriskDown(f"Asterisk did not open the ARI connection within {DEADLINE_S:g} s.") from error
        finally:
            self._link = None
            link.close()

    def request(
        self, method: str, uri: str, *, body: object = None, accepted: tuple[int, ...] = ()
    ) -> asyncio.Future[wire.Reply]:
        """Send a request now. `accepted`: refusals that are success to the caller. Errors: see `Link.request`."""
        if self._link is None or not self._may_send():
            future: asyncio.Future[wire.Reply] = asyncio.get_running_loop().create_future()
            why = "There is no connection to Asterisk." if self._link is None else NOT_LEADING
            future.set_exception(AsteriskDown(why))
            return future
        return self._link.request(method, uri, body=body, accepted=accepted)

    def pause(self) -> None:
        """Take no more events for now."""
        if self._link is not None:
            self._link.pause()

    def resume(self) -> None:
        """Take events again."""
        if self._link is not None:
            self._link.resume()


class Channels:
    """`/channels`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def list(self) -> list[wire.Channel]:
        """Every channel of this Asterisk."""
        return wire.channels((await self._request("GET", "channels")).body)

    def originate(
        self,
        *,
        endpoint: str,
        app: str,
        appArgs: str,
        channelId: str,
        timeout: int,
        callerId: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> asyncio.Future[wire.Reply]:
        """Call an endpoint into the application; `timeout` in s. This id being there already is success."""
        uri = (
            f"channels?endpoint={quote(endpoint, safe='/')}&app={app}&appArgs={quote(appArgs, safe='')}"
            f"&channelId={quote(channelId)}&timeout={timeout}"
        )
        return self._originate(uri, callerId, variables)

    def originateToDialplan(
        self,
        *,
        endpoint: str,
        context: str,
        channelId: str,
        timeout: int,
        callerId: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> asyncio.Future[wire.Reply]:
        """Call an endpoint into this context, extension s; as `originate`, but the application does not follow it."""
        uri = (
            f"channels?endpoint={quote(endpoint, safe='/')}&context={context}&extension=s&priority=1"
            f"&channelId={quote(channelId)}&timeout={timeout}"
        )
        return self._originate(uri, callerId, variables)

    def _originate(self, uri: str, callerId: str, variables: Mapping[str, str] | None) -> asyncio.Future[wire.Reply]:
        if callerId:
            uri += f"&callerId={quote(callerId, safe='')}"
        body = {"variables": variables} if variables else None
        return self._request("POST", uri, body=body, accepted=(409,))

    def answer(self, *, channelId: str) -> asyncio.Future[wire.Reply]:
        """Pick up."""
        return self._request("POST", f"channels/{quote(channelId)}/answer")

    def snoop(
        self, *, channelId: str, spy: str, whisper: str, app: str, appArgs: str, snoopId: str
    ) -> asyncio.Future[wire.Reply]:
        """Make a channel in the application that hears this one (`spy`: in, out, both) and speaks into it (`whisper`).

        "in" is what comes from the channel, "out" what it hears, "none" nothing. 500: there already, or impossible.
        """
        uri = (
            f"channels/{quote(channelId)}/snoop/{quote(snoopId)}"
            f"?spy={spy}&whisper={whisper}&app={app}&appArgs={quote(appArgs, safe='')}"
        )
        return self._request("POST", uri, accepted=(500,))

    def hangup(self, *, channelId: str) -> asyncio.Future[wire.Reply]:
        """Hang up, ringing or answered; gone already is success."""
        return self._request("DELETE", f"channels/{quote(channelId)}", accepted=(404,))

    def startMoh(self, *, channelId: str, mohClass: str) -> asyncio.Future[wire.Reply]:
        """Play music to the channel; another class replaces the one that plays."""
        return self._request("POST", f"channels/{quote(channelId)}/moh?mohClass={quote(mohClass, safe='')}")

    def stopMoh(self, *, channelId: str) -> asyncio.Future[wire.Reply]:
        """Stop the music; none playing is success."""
        return self._request("DELETE", f"channels/{quote(channelId)}/moh")

    def startSilence(self, *, channelId: str) -> asyncio.Future[wire.Reply]:
        """Send silence to the channel until something else is to be heard there; silent already is success."""
        return self._request("POST", f"channels/{quote(channelId)}/silence")

    def stopSilence(self, *, channelId: str) -> asyncio.Future[wire.Reply]:
        """Send nothing again; not silent is success."""
        return self._request("DELETE", f"channels/{quote(channelId)}/silence")

    def play(self, *, channelId: str, playbackId: str, media: Sequence[str]) -> asyncio.Future[wire.Reply]:
        """Play these one after the other, each as "sound:…" or "tone:…"; music on hold stops for them.

        What is asked of the channel next waits until they have been played, or stopped. An id that is in use plays
        another time beside the first, and is then stopped only once: stop it before.
        """
        uri = f"channels/{quote(channelId)}/play/{quote(playbackId)}"
        return self._request("POST", uri, body={"media": list(media)})

    def setChannelVar(self, *, channelId: str, variable: str, value: str) -> asyncio.Future[wire.Reply]:
        """Set a channel variable."""
        uri = f"channels/{quote(channelId)}/variable?variable={quote(variable)}&value={quote(value, safe='')}"
        return self._request("POST", uri)

    def continueInDialplan(self, *, channelId: str, context: str, extension: str) -> asyncio.Future[wire.Reply]:
        """Let the channel leave the application and go on there, at its first line."""
        uri = f"channels/{quote(channelId)}/continue?context={quote(context)}&extension={quote(extension)}&priority=1"
        return self._request("POST", uri)

    def mute(self, *, channelId: str, direction: str) -> asyncio.Future[wire.Reply]:
        """`direction`: "in" is what comes from the channel, "out" what it hears, or "both"."""
        return self._request("POST", f"channels/{quote(channelId)}/mute?direction={direction}")

    def unmute(self, *, channelId: str, direction: str) -> asyncio.Future[wire.Reply]:
        """Undo `mute`; not muted is success."""
        return self._request("DELETE", f"channels/{quote(channelId)}/mute?direction={direction}")

    def sendDTMF(self, *, channelId: str, dtmf: str) -> asyncio.Future[wire.Reply]:
        """Play digits towards the channel; `dtmf` of [0-9*#A-D]."""
        return self._request("POST", f"channels/{quote(channelId)}/dtmf?dtmf={quote(dtmf, safe='')}")


class Bridges:
    """`/bridges`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def list(self) -> list[wire.Bridge]:
        """Every bridge of this Asterisk."""
        return wire.bridges((await self._request("GET", "bridges")).body)

    def createWithId(self, *, bridgeId: str, type: str) -> asyncio.Future[wire.Reply]:  # noqa: A002 - ARI's own name
        """Make a bridge; one with this id being there already is success."""
        return self._request("POST", f"bridges/{quote(bridgeId)}?type={type}", accepted=(409,))

    def addChannel(self, *, bridgeId: str, channel: str) -> asyncio.Future[wire.Reply]:
        """`channel`: ids joined by commas; one that is not there lets none in."""
        return self._request("POST", f"bridges/{quote(bridgeId)}/addChannel?channel={quote(channel, safe=',')}")

    def removeChannel(self, *, bridgeId: str, channel: str) -> asyncio.Future[wire.Reply]:
        """Take a channel out; not in there is success."""
        return self._request(
            "POST", f"bridges/{quote(bridgeId)}/removeChannel?channel={quote(channel, safe=',')}", accepted=(422,)
        )

    def destroy(self, *, bridgeId: str) -> asyncio.Future[wire.Reply]:
        """Drop the bridge, its channels stay; gone already, or just going (409), is success."""
        return self._request("DELETE", f"bridges/{quote(bridgeId)}", accepted=(404, 409))


class Playbacks:
    """`/playbacks`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    def stop(self, *, playbackId: str) -> asyncio.Future[wire.Reply]:
        """Stop what is played, or about to be; over already, even just now (500), is success."""
        return self._request("DELETE", f"playbacks/{quote(playbackId)}", accepted=(404, 409, 500))


class Endpoints:
    """`/endpoints`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def listByTech(self, tech: str) -> list[wire.Endpoint]:
        """Every endpoint of this technology ("PJSIP"); an empty list when it has none."""
        reply = await self._request("GET", f"endpoints/{quote(tech)}", accepted=(404,))
        return wire.endpoints(reply.body) if reply.status_code < 400 else []


class DeviceStates:
    """`/deviceStates`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def list(self) -> dict[str, str]:
        """Every device state that ARI keeps, by name (`Stasis:…`)."""
        return wire.device_states((await self._request("GET", "deviceStates")).body)

    def update(self, deviceName: str, deviceState: str) -> asyncio.Future[wire.Reply]:
        """Set a `Stasis:` device's state."""
        return self._request("PUT", f"deviceStates/{quote(deviceName, safe=':')}?deviceState={deviceState}")


class Applications:
    """`/applications`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def get(self, applicationName: str) -> wire.Application:
        """The application with what it is subscribed to."""
        return wire.application((await self._request("GET", f"applications/{quote(applicationName)}")).body)

    def subscribe(self, applicationName: str, *, eventSource: str) -> asyncio.Future[wire.Reply]:
        """Let the application follow `channel:ID`."""
        uri = f"applications/{quote(applicationName)}/subscription?eventSource={quote(eventSource, safe=':')}"
        return self._request("POST", uri)

    def filter(self, applicationName: str, *, allowed: tuple[str, ...]) -> asyncio.Future[wire.Reply]:
        """Let only events of these types through."""
        body = {"allowed": [{"type": name} for name in allowed]}
        return self._request("PUT", f"applications/{quote(applicationName)}/eventFilter", body=body)


class Asterisk:
    """`/asterisk`"""

    def __init__(self, client: Client) -> None:
        self._request = client.request

    async def startupTime(self) -> str:
        """When the node's process began, as ARI writes instants."""
        return wire.startup_time((await self._request("GET", "asterisk/info?only=status")).body)

    async def getGlobalVar(self, *, variable: str) -> str:
        """A global variable of the dialplan; "" when it is not set."""
        reply = await self._request("GET", f"asterisk/variable?variable={quote(variable)}", accepted=(404,))
        return wire.variable(reply.body) if reply.status_code < 400 else ""

    def setGlobalVar(self, *, variable: str, value: str) -> asyncio.Future[wire.Reply]:
        """Set a global variable of the dialplan; it lasts until Asterisk ends."""
        return self._request("POST", f"asterisk/variable?variable={quote(variable)}&value={quote(value, safe='')}")

    def deleteObject(self, *, configClass: str, objectType: str, id: str) -> asyncio.Future[wire.Reply]:  # noqa: A002 - ARI's own name
        """Delete a dynamic configuration object; gone already is success."""
        uri = f"asterisk/config/dynamic/{configClass}/{objectType}/{quote(id, safe='')}"
        return self._request("DELETE", uri, accepted=(404,))

    def updateObject(
        self,
        *,
        configClass: str,
        objectType: str,
        id: str,  # noqa: A002 - ARI's own name
        fields: Mapping[str, str],
    ) -> asyncio.Future[wire.Reply]:
        """Create or replace a dynamic configuration object. Raises OutsideError when a field is not valid."""
        body = {"fields": [{"attribute": name, "value": value} for name, value in fields.items()]}
        return self._request("PUT", f"asterisk/config/dynamic/{configClass}/{objectType}/{quote(id)}", body=body)
