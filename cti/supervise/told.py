"""What the engine of a home says of itself, for `cti status`: whether it leads, and whether it refuses calls."""

from dataclasses import dataclass

import httpx

from cti.home import Home

_LIMIT_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The engine's answer; everything else is None when it could not be asked."""

    leads: bool | None = None
    """False for a standby, and for a moment while it is not known."""
    standby: bool | None = None
    epoch: int | None = None
    """Of the reign that it leads, or waits behind."""
    leader: str | None = None
    """Where that one answers, for a standby."""
    number: int | None = None
    """The last entry of the journal that a standby has folded."""
    awaits_database: bool | None = None
    """It cannot start before PostgreSQL is back."""
    spooling: bool | None = None
    refusing: dict[str, object] | None = None
    """Since when and why new calls are refused; None when they are not."""

    @property
    def words(self) -> str:
        """Of the lead, for people; "" when nothing is known."""
        if self.epoch is None:
            return ""
        if self.awaits_database:
            return "waits for PostgreSQL"
        if self.number is not None and not self.standby:
            return "about to lead"
        if self.number is not None:
            return f"standby behind reign {self.epoch} at {self.leader}, journal folded up to entry {self.number}"
        spooled = "; the journal is on this machine's disk until the database is back" if self.spooling else ""
        return f"leads, reign {self.epoch}{spooled}" if self.leads else f"reign {self.epoch}, not known to lead now"


def ask(home: Home) -> Told:
    """Ask at this machine's own address. Blocks for at most 2 s."""
    try:  # the certificate is not looked at: it is our own process on this machine
        answer = httpx.get(f"{home.web_here}/healthz", timeout=_LIMIT_S, verify=False, trust_env=False)  # noqa: S501 - our own, on this machine
        found = answer.json()
        return Told(**{name: found.get(name) for name in Told.__slots__})
    except (httpx.HTTPError, ValueError, AttributeError):
        return Told()
