"""Where requests to CRMs may go: never into the centre's own network, whatever a name is made to resolve to.

A name is resolved here, every address of it is checked, and the connection is made to the very address that was checked
(so that a second answer of the name server counts for nothing); TLS is still checked against the name. Hosts that the
admin trusts may be anywhere. Used by `cti.crm.http` under httpcore, which follows no redirect and knows no proxy.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpcore

from cti.errors import OutsideError

_RESOLVER: Final = ThreadPoolExecutor(2, thread_name_prefix="crm-names")
"""Threads of its own: a name server that is away must hold up nobody else's work."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OutsideError):
    """The host is in a network that must not be reached from here."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is on a private network; if it is meant, list {host!r} under 'trusted_hosts'.", transient=False
        )


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """TCP to public addresses, and to hosts that are trusted."""

    def __init__(self, *, trusted: Collection[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers. Raises AddressRefused, httpcore.ConnectError."""
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(_RESOLVER, _resolved, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        if host not in self._trusted and not all(is_public(address) for address in found):
            raise AddressRefused(host)
        return found


def is_public(text: str) -> bool:
    """Whether an address belongs to the public Internet, also when it is wrapped in another (mapped, 6to4, NAT64)."""
    try:
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
