"""A switch and loaders that do what they are told, or fail where a test wants it; and a home started on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cti.dialplan import starting, versions
from cti.dialplan.parse import parse
from cti.dialplan.releases import Releases
from cti.errors import AsteriskDown, OutsideError
from cti.home import Home
from cti.setup.asterisk import AsteriskInstall


@dataclass
class Board:
    """Reads HOME's extensions.conf when it is told to, as Asterisk does; `fails` names what goes wrong.

    `heals`: only the first time, so that the way back is free.
    """

    home: Home
    fails: set[str] = field(default_factory=set)
    heals: bool = False
    read: str = ""
    reloads: int = 0
    queues: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    loaded: list[tuple[str, int]] = field(default_factory=list)

    def start(self) -> "Board":
        self.read = self._text()
        return self

    def _text(self) -> str:
        return (self.home.asterisk.etc / "extensions.conf").read_text(encoding="utf-8")

    def wrong(self, what: str) -> bool:
        """Whether this goes wrong now."""
        found = what in self.fails
        if self.heals:
            self.fails.discard(what)
        return found

    async def reload(self, *, queues: Sequence[str]) -> None:
        if self.wrong("reload"):
            raise AsteriskDown("There is no AMI connection to Asterisk.")
        self.reloads += 1
        self.queues += queues
        self.read = self._text()

    async def contexts(self, names: Sequence[str]) -> frozenset[str]:
        known = frozenset(parse(self.read).contexts) & set(names)
        return frozenset(name for name in known if "probe" not in name) if self.wrong("contexts") else known

    async def busy_contexts(self) -> frozenset[str]:
        return frozenset(self.busy)

    async def probe(self, version: int, *, within_s: float) -> float:
        assert within_s > 0
        if self.wrong("probe"):
            raise OutsideError("The probe call did not reach the engine within 10 s.")
        assert versions.named("probe", version) in parse(self.read).contexts
        return 0.002

    def versions(self) -> frozenset[int]:
        """Whose contexts Asterisk has now."""
        return versions.versions_in(self.read)


@dataclass
class Part:
    """A loader."""

    name: str
    board: Board

    async def load(self, version: int) -> None:
        if self.board.wrong(self.name):
            raise OutsideError(f"The {self.name} does not answer.")
        self.board.loaded.append((self.name, version))


@dataclass
class Started:
    """A centre that was started once, and its switch."""

    home: Home
    board: Board
    releases: Releases
    drained: list[bool]


def started(home: Home, install: AsteriskInstall) -> Started:
    """As `cti up` does it, with this switch in place of Asterisk."""
    assert starting.prepare(home, install).version == 1
    board = Board(home).start()
    drained: list[bool] = []
    loaders = (Part("ivr", board), Part("engine", board))
    releases = Releases(home, install, host=board, loaders=loaders, drained=lambda: drained.append(True))
    return Started(home=home, board=board, releases=releases, drained=drained)
