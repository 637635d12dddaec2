"""Finding the demo centre that runs on this machine.

Here: HOME/endpoints.json read and understood, with a sentence for everything that can be amiss. Not here: who writes it
(`cti.endpoints`). Every demo command and the benchmarks start here.
"""

from dataclasses import dataclass
from pathlib import Path

from cti import endpoints
from cti.errors import ConfigError, OutsideError
from cti.home import DemoAgent, DemoPerson, Home, default_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """A demo centre that is up."""

    home: Home
    web: str
    """Base of the desktop and its API, without a slash at the end."""
    agents: tuple[DemoAgent, ...]
    """By extension."""
    supervisor: DemoPerson
    admin: DemoPerson
    numbers: dict[str, str]
    """What may be called, and what it reaches."""


def find(path: Path | None = None) -> Centre:
    """The demo centre in that home. Raises ConfigError or OutsideError with the next step when there is none."""
    place = (path or default_home()).expanduser().absolute()
    start = f"cti up --demo --home {place}"
    if not (place / "settings.json").exists():
        hint = "" if path else " If yours is elsewhere, name it with --home."
        raise ConfigError(f"There is no centre in {place}. Start one with `{start}`, or with `make run`.{hint}")
    home = Home.open(place)
    if not home.endpoints_file.exists():
        raise OutsideError(f"The centre in {place} is not up (or is just starting). Start it with `{start}`.")
    read = endpoints.read(home.endpoints_file)
    if read.demo is None:
        raise ConfigError(f"The centre in {place} is a real one: the demo calls only a centre started with --demo.")
    return Centre(
        home=home,
        web=read.web.rstrip("/"),
        agents=tuple(sorted(read.demo.agents, key=lambda agent: agent.extension)),
        supervisor=read.demo.supervisor,
        admin=read.demo.admin,
        numbers=read.demo.numbers,
    )


def check_number(centre: Centre, number: str) -> str:
    """The number as the centre has it. Raises ConfigError, naming the others, when it is none of the centre's."""
    wanted = "+" + "".join(filter(str.isdigit, number))
    if wanted in centre.numbers:
        return wanted
    lines = "\n".join(f"  {known}  {about}" for known, about in centre.numbers.items())
    raise ConfigError(f"{number} is no number of this centre. It has:\n{lines}")
