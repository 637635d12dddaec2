"""`HOME/endpoints.json`: where everything of a running home is reached, for tests, scripts and the demo.

Here: its records, writing and reading. The supervisor writes it when all is up and after each restart, and removes it
at its start and end; so a file that is there is true. It holds the demo's passwords: mode 600.
"""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from cti.config import Centre
from cti.errors import ConfigError
from cti.home import DemoAgent, DemoPerson, Home, write_private


class _Stored(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Pids(_Stored):
    """Process ids."""

    supervisor: int
    asterisk: int
    carrier: int | None = None
    ivr: int
    engine: int
    spare: int | None = None
    """The engine that waits to take over; None while there is none that could."""


class Demo(_Stored):
    """Who may sign in to the demo, and what its numbers reach."""

    agents: tuple[DemoAgent, ...]
    admin: DemoPerson
    supervisor: DemoPerson
    numbers: dict[str, str]
    """English words by number."""


class Endpoints(_Stored):
    """Addresses of a running home."""

    web: str
    """Base URL of desktop and API."""
    sip: str
    """`host:port`, UDP and TCP."""
    sip_ws: str
    """SIP over WebSocket at the switch itself; the desktop offers it under its own address too."""
    ari: str
    """Base URL without `/ari`."""
    ami: str
    agi: str
    database: str
    carrier_sip: str | None = None
    carrier_ari: str | None = None
    carrier_ami: str | None = None
    pids: Pids
    demo: Demo | None = None

    @classmethod
    def of(cls, home: Home, centre: Centre, *, pids: Pids) -> Self:
        """The addresses of this home."""
        ports, local, carrier = home.ports, home.ports.CENTRE_ADDRESS, home.ports.CARRIER_ADDRESS
        has_carrier = home.settings.demo
        return cls(
            web=home.web_url,
            sip=f"{home.settings.public_address or home.settings.listen}:{ports.sip}",
            sip_ws=f"ws://{local}:{ports.http}/ws",
            ari=home.ari_url,
            ami=f"{local}:{ports.ami}",
            agi=f"{local}:{ports.agi}",
            database=home.database_url,
            carrier_sip=f"{carrier}:{ports.carrier_sip}" if has_carrier else None,
            carrier_ari=f"http://{carrier}:{ports.carrier_http}" if has_carrier else None,
            carrier_ami=f"{carrier}:{ports.carrier_ami}" if has_carrier else None,
            pids=pids,
            demo=_demo(home, centre) if has_carrier else None,
        )

    def write(self, home: Home) -> None:
        """Replace the file whole."""
        write_private(home.endpoints_file, self.model_dump_json(indent=2))


def _demo(home: Home, centre: Centre) -> Demo:
    secrets = home.secrets.demo
    return Demo(
        agents=secrets.agents,
        admin=secrets.admin,
        supervisor=secrets.supervisor,
        numbers={number.key: number.about.en for number in centre.numbers.values()},
    )


def read(path: Path) -> Endpoints:
    """Read `HOME/endpoints.json`. Raises ConfigError when it is not there: nothing is up."""
    try:
        return Endpoints.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"Nothing is up in {path.parent}: run `cti up --home {path.parent}` first.") from None
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be read.") from error
