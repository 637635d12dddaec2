"""Agents' lines at one node: their endpoints made, made anew and taken away, and whether each can be rung.

Asterisk keeps them in memory only, so what is missing is made after each connect, and what is nobody's goes. Who is
registered is AMI's to tell (`cti.asterisk.contacts`); desk phones and who sits there are `cti.asterisk.seats`'. Made by
`cti.asterisk.switch`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from cti import variables
from cti.asterisk import endpoints
from cti.asterisk.ari import Client
from cti.asterisk.contacts import Contacts
from cti.asterisk.endpoints import Media
from cti.asterisk.seats import Seats
from cti.domain.ids import AgentId
from cti.errors import AsteriskDown, AsteriskSilent, ChannelGone, OutsideError
from cti.ports import EndpointReached, Phone

log = logging.getLogger(__name__)


class Phones:
    """The lines of one node. `tell` hears which endpoints can be rung, and which no more."""

    def __init__(self, client: Client, *, media: Media, tell: Callable[[EndpointReached], None]) -> None:
        self._ari = client
        self._media = media
        self._tell = tell
        self._by_agent: dict[AgentId, Phone] = {}
        self._endpoints: dict[str, bool] = {}
        """Every provisioned endpoint, and whether the engine was told last that it is reachable."""
        self._contacts = Contacts()
        self._contacts_known = False
        self._connected = False
        self.seats = Seats(client.asterisk, contacts=self._contacts, media=media, told=self._take_seat)

    # -- whose they are -----------------------------------------------------------------------------------------------

    def know(self, phones: Iterable[Phone]) -> None:
        """See `ports.Switch`."""
        self._by_agent = {phone.agent_id: phone for phone in phones}

    def of(self, agent_id: AgentId) -> Phone:
        """The agent's. Raises ChannelGone when he has no line here."""
        phone = self._by_agent.get(agent_id)
        if phone is None:
            raise ChannelGone(f"Agent {agent_id} has no line on this node.")
        return phone

    def extension_of(self, agent_id: AgentId) -> str | None:
        """The agent's extension; None when he has no line here."""
        phone = self._by_agent.get(agent_id)
        return phone.extension if phone is not None else None

    # -- endpoints ----------------------------------------------------------------------------------------------------

    async def provision(self, phone: Phone) -> None:
        """See `ports.Switch`."""
        self._by_agent[phone.agent_id] = phone
        await self._push_line(phone)
        for endpoint in endpoints.names_of(phone):
            if endpoint not in self._endpoints:
                self._endpoints[endpoint] = False
                self._tell_endpoint(endpoint)

    async def withdraw(self, phone: Phone) -> None:
        """Take both endpoints of a line away, and their registrations. Raises AsteriskSilent, AsteriskDown."""
        known = self._by_agent.get(phone.agent_id)
        if known is not None and known.extension == phone.extension:
            del self._by_agent[phone.agent_id]
        for name in endpoints.names_of(phone):
            self._endpoints.pop(name, None)
            await self._delete_endpoint(name)

    async def _push_line(self, phone: Phone) -> None:
        await asyncio.gather(
            *(
                self._ari.asterisk.updateObject(
                    configClass="res_pjsip", objectType=made.kind, id=made.name, fields=made.fields
                )
                for made in endpoints.objects_of(phone, media=self._media)
            )
        )

    async def restore(self) -> None:
        """Make the lines that are missing, since Asterisk keeps them in memory only, and delete those of nobody.

        A line that Asterisk will not have is left to `provision`, which says so to the engine.
        """
        standing = {endpoint.resource for endpoint in await self._ari.endpoints.listByTech("PJSIP")}
        self.seats.restore(standing)
        if not self._by_agent:
            return
        agents = {
            name
            for name in standing
            if name.startswith(variables.AGENT_ENDPOINT_PREFIX) and not name.endswith(variables.SEAT_ENDPOINT_SUFFIX)
        }
        phones = list(self._by_agent.values())
        for phone in phones:
            if not agents.issuperset(endpoints.names_of(phone)):
                await _unless_refused(self._push_line(phone))
        for name in sorted(agents.difference(*map(endpoints.names_of, phones))):
            await _unless_refused(self._delete_endpoint(name))

    async def _delete_endpoint(self, name: str) -> None:
        """Without its registration too: the next owner of the extension must not ring the last one's phone."""
        contacts = (("contact", endpoints.contact_id(name, uri)) for uri in self._contacts.uris(name))
        await asyncio.gather(
            *(
                self._ari.asterisk.deleteObject(configClass="res_pjsip", objectType=kind, id=id_)
                for kind, id_ in (("endpoint", name), *contacts, ("aor", name), ("auth", name))
            )
        )

    # -- who is registered --------------------------------------------------------------------------------------------

    def connected(self, *, told: bool) -> None:
        """Events flow again; `told` when who is registered is known by now, too."""
        self._connected = True
        if told and self._contacts_known:
            self._tell_all()

    def disconnected(self) -> None:
        """Until the next connect nothing is told."""
        self._connected = False

    def unlisted(self) -> None:
        """Who is registered is not known, until it is `listed`."""
        self._contacts_known = False

    def listed(self, reports: Iterable[tuple[str, str, str]]) -> None:
        """Every registration: endpoint, URI, status."""
        self._contacts.replace(reports)
        self._contacts_known = True
        if self._connected:
            self._tell_all()

    def reported(self, endpoint: str, uri: str, status: str) -> None:
        """A phone has registered, or is gone."""
        if self._contacts.report(endpoint, uri=uri, status=status) and self._contacts_known:
            self._tell_endpoint(endpoint)
            self.seats.reported(endpoint)

    def _take_seat(self, endpoint: str) -> None:
        """An agent is rung at a desk phone by this endpoint from now on, or no more."""
        self._endpoints.setdefault(endpoint, False)
        self._tell_endpoint(endpoint)
        if endpoint not in self.seats.endpoints:
            del self._endpoints[endpoint]

    def _tell_all(self) -> None:
        for endpoint in self._endpoints:
            self._tell_endpoint(endpoint)

    def _tell_endpoint(self, endpoint: str) -> None:
        if self._connected and endpoint in self._endpoints:
            is_seat = endpoint.endswith(variables.SEAT_ENDPOINT_SUFFIX)
            self._endpoints[endpoint] = (self.seats if is_seat else self._contacts).reachable(endpoint)
            self._tell(EndpointReached(endpoint=endpoint, reachable=self._endpoints[endpoint]))


async def _unless_refused(change: Awaitable[None]) -> None:
    """Have a line changed; one that Asterisk will not have must not keep it from all others."""
    try:
        await change
    except (AsteriskDown, AsteriskSilent):
        raise
    except OutsideError as error:
        log.warning("A line could not be changed: %s", error, extra={"action": "line_refused"})
