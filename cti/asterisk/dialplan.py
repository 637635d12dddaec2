"""Asterisk as the host of a dialplan: reading it anew and who is in it, over AMI, and a call to try it, over ARI.

Only `pbx_config` is ever reloaded (that is `dialplan reload`), and single static queues; never the core, never PJSIP.
The probe is a Local channel into the probe's context: its other half comes to the application as any call does, where
`cti.asterisk.switch` answers and hangs up, and tells `probed`. Made by `cti.asterisk.switch`.
"""

import asyncio
import secrets
from collections.abc import Sequence
from math import ceil
from typing import Final

from cti import variables
from cti.asterisk.ami import Client
from cti.asterisk.ari import Channels
from cti.errors import AsteriskSilent, OutsideError

_RELOAD_LIMIT_S: Final = 15.0


class Dialplan:
    """See `cti.ports.templates.DialplanHost`."""

    def __init__(self, ami: Client, channels: Channels) -> None:
        self._ami = ami
        self._channels = channels
        self._probes: dict[str, asyncio.Future[str]] = {}

    async def reload(self, *, queues: Sequence[str]) -> None:
        """Read extensions.conf anew, and these queues."""
        answer = await self._ami.action("Reload", Module="pbx_config", limit_s=_RELOAD_LIMIT_S)
        if not answer.success:
            raise OutsideError(f"Asterisk did not read the dialplan: {answer.message}.")
        for queue in queues:
            answer = await self._ami.action("QueueReload", Queue=queue, Parameters="yes")
            if not answer.success:
                raise OutsideError(f"Asterisk did not read the queue {queue}: {answer.message}.")

    async def contexts(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these contexts that Asterisk knows."""
        return frozenset([name for name in names if await self._knows(name)])

    async def _knows(self, context: str) -> bool:
        try:
            return bool(await self._ami.listing("ShowDialPlan", Context=context))
        except AsteriskSilent as error:
            if "did not find" in str(error).lower():
                return False
            raise

    async def busy_contexts(self) -> frozenset[str]:
        """The contexts in which there are channels now."""
        return frozenset(one.context for one in await self._ami.listing("CoreShowChannels") if one.context)

    async def probe(self, version: int, *, within_s: float) -> float:
        """A call through this version into the application; seconds until it was there."""
        loop = asyncio.get_running_loop()
        word = secrets.token_hex(8)
        arrived: asyncio.Future[str] = loop.create_future()
        self._probes[word] = arrived
        begun = loop.time()
        try:
            await self._channels.originate(
                endpoint=f"Local/s@{variables.CONTEXT_PROBE}",
                app=variables.APPLICATION,
                appArgs=variables.STASIS_PROBE,
                channelId=f"probe-{word}",
                timeout=ceil(within_s),
                variables={f"__{variables.PROBE}": word},
            )
            async with asyncio.timeout(within_s):
                came_by = await arrived
        except TimeoutError:
            raise OutsideError(f"The probe call did not reach the engine within {within_s:g} s.") from None
        finally:
            self._probes.pop(word, None)
        if came_by != str(version):
            raise OutsideError(f"The probe call came by version {came_by or 'none'}, not {version}.", transient=False)
        return loop.time() - begun

    def probed(self, arguments: Sequence[str]) -> None:
        """A probe call is in the application: its Stasis arguments, `probe` first."""
        version, word = (*arguments[1:3], "", "")[:2]
        waiting = self._probes.get(word)
        if waiting is not None and not waiting.done():
            waiting.set_result(version)
