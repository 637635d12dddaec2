"""The static queues that serve while the engine is away: who is in them, and bringing their callers back.

Called by `cti.asterisk.switch`. The dialplan that leads there is a template; the names are in `cti.variables`.
"""

import logging
from dataclasses import dataclass

from panoramisk.message import Message

from cti import variables
from cti.asterisk.ami import Client
from cti.errors import OutsideError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Member:
    """One device in one queue of app_queue."""

    queue: str
    interface: str


class Fallback:
    """Keeps the members as wanted, over restarts of Asterisk too."""

    def __init__(self, ami: Client) -> None:
        self._ami = ami
        self._wanted: dict[Member, str | None] = {}
        """The name of each member to have in; None for one to have out. Others are left as they are: they may have been
        put in by an engine before this one, and callers may just be with them."""
        self._present: set[Member] = set()
        """Those that Asterisk said are in."""
        self._unsure: set[Member] = set()
        """Those with a change that Asterisk has not answered (yet), or refused: told again whenever wanted again."""

    async def want(self, members: set[Member], *, name: str, available: bool) -> None:
        """Have these in, under this name, or out.

        Raises AsteriskDown, AsteriskSilent; the next login, or being told the same again, makes up for it.
        """
        for member in members:
            self._wanted[member] = name if available else None
        for member in sorted(members):
            await self._put(member)

    async def drop(self, interface: str) -> None:
        """Have this device out of every queue. Raises AsteriskDown, AsteriskSilent; the next login makes up for it."""
        members = {member for member in self._wanted.keys() | self._present if member.interface == interface}
        await self.want(members, name="", available=False)

    async def restore(self) -> None:
        """After a login: put in and out whatever differs from what is wanted. Raises AsteriskDown, AsteriskSilent."""
        entries = await self._ami.listing("QueueStatus")
        self._present = {
            Member(queue=entry.queue, interface=entry.location or entry.stateinterface)
            for entry in entries
            if entry.event == "QueueMember" and _key(entry.queue)
        }
        for member in sorted(self._wanted):
            await self._put(member)

    async def reclaim(self) -> int:
        """Send every caller who waits there back into the application, in his order; how many.

        Raises AsteriskDown, AsteriskSilent; those brought before it are back.
        """
        entries = await self._ami.listing("QueueStatus")
        waiting = [entry for entry in entries if entry.event == "QueueEntry" and _key(entry.queue)]
        waiting.sort(key=lambda entry: -int(entry.wait or 0))
        brought = 0
        for entry in waiting:
            answer = await self._ami.action(
                "Redirect",
                Channel=entry.channel,
                Context=variables.CONTEXT_QUEUE,
                Exten=_key(entry.queue),
                Priority="1",
            )
            brought += bool(answer.success)  # a refusal: he has hung up, or was answered, meanwhile
        return brought

    async def _put(self, member: Member) -> None:
        name = self._wanted.get(member)
        if (name is not None) == (member in self._present) and member not in self._unsure:
            return
        self._unsure.add(member)
        try:
            answer = await self._say(member, name)
        except OutsideError:
            self._unsure.add(member)  # the answer to an earlier change may have taken it out meanwhile
            raise
        if not answer.success and "Already there" not in answer.message and "Not there" not in answer.message:
            log.warning("The fallback queue refused: %s", answer.message, extra={"action": "fallback_refused"})
            return
        self._unsure.discard(member)
        if name is not None:
            self._present.add(member)
        else:
            self._present.discard(member)

    async def _say(self, member: Member, name: str | None) -> Message:
        if name is None:
            return await self._ami.action("QueueRemove", Queue=member.queue, Interface=member.interface)
        return await self._ami.action(
            "QueueAdd",
            Queue=member.queue,
            Interface=member.interface,
            MemberName=name,
            Penalty="0",
            StateInterface=variables.phone_hint(member.interface.partition("/")[2]),
        )


def _key(queue: str) -> str:
    """The engine's key of a fallback queue; "" for any other queue."""
    prefix = variables.fallback_queue("")
    return queue.removeprefix(prefix) if queue.startswith(prefix) else ""
