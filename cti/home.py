"""A home: the directory that holds one centre's state on this machine, and the records in it that every part reads.

Here: where things stand, the port plan, `settings.json` and `secrets.json`. Not here: what the parts do with them, the
centre file's meaning (`cti.config`), and `endpoints.json`, which is for outsiders (`cti.endpoints`).
`Home.make` is the supervisor's; engine, ivr and the commands use `Home.open`.

    HOME/  settings.json secrets.json endpoints.json centre.yaml journal.sqlite triune.sqlite
           asterisk/ carrier/ {etc → etc-NNN, run, log, spool, lib, db}   logs/   prompts/   run/   secrets/NAME
"""

import base64
import hashlib
import ipaddress
import os
import re
import secrets as randomness
import stat
import string
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cti.errors import ConfigError

DEFAULT_PORT_BASE: Final = 21000
DEMO_EXTENSIONS: Final = tuple(str(number) for number in range(101, 111))
_SOCKET_LIMIT: Final = 107
"""Longest path of a Unix socket, in bytes, without its end mark (sys/un.h)."""
_EPHEMERAL: Final = 32_768
"""From here on the kernel hands out ports to whoever asks."""
_SPAN: Final = 2100
"""How many ports a home takes; 2000 of them for audio, four a bridged call."""


def default_home() -> Path:
    """The home of `make run`: that of commands which are given none."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "triune"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """Every port of a home, by a fixed offset from its base."""

    base: int

    CENTRE_ADDRESS: ClassVar[str] = "127.0.0.1"
    CARRIER_ADDRESS: ClassVar[str] = "127.0.0.2"

    def __post_init__(self) -> None:
        if not 1024 <= self.base <= _EPHEMERAL - _SPAN:
            raise ConfigError(f"--port-base must be between 1024 and {_EPHEMERAL - _SPAN}, not {self.base}.")

    @property
    def web(self) -> int:
        """Desktop and API, TCP."""
        return self.base

    @property
    def sip(self) -> int:
        """The centre's SIP, UDP and TCP."""
        return self.base + 1

    @property
    def http(self) -> int:
        """The centre's Asterisk over HTTP: ARI at /ari, SIP over WebSocket at /ws. Loopback always."""
        return self.base + 2

    @property
    def ami(self) -> int:
        """The centre's manager interface, TCP. Loopback always."""
        return self.base + 3

    @property
    def agi(self) -> int:
        """The IVR's FastAGI port, TCP; also answers `ping`. Loopback always."""
        return self.base + 4

    @property
    def carrier_sip(self) -> int:
        """The emulated carrier's SIP, on 127.0.0.2."""
        return self.base + 5

    @property
    def carrier_http(self) -> int:
        """The emulated carrier's ARI, on 127.0.0.2."""
        return self.base + 6

    @property
    def carrier_ami(self) -> int:
        """The emulated carrier's manager interface, on 127.0.0.2."""
        return self.base + 7

    @property
    def sips(self) -> int:
        """The centre's SIP over TLS; only when it listens beyond loopback."""
        return self.base + 8

    @property
    def rtp(self) -> range:
        """The centre's audio, UDP."""
        return range(self.base + 100, self.base + _SPAN)

    @property
    def carrier_rtp(self) -> range:
        """The emulated carrier's audio, UDP: the same ports on its own address."""
        return self.rtp


SECRET_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
"""How the secrets may be called that the centre file names."""
_LONGEST_SECRET: Final = 10_000


class JournalPlace(StrEnum):
    """Where the journal is kept."""

    HOME = "home"
    """A SQLite file in the home: the fastest, for a centre of one machine."""
    DATABASE = "database"
    """PostgreSQL, where a standby on another machine finds it."""


class _Stored(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Settings(_Stored):
    """How this home was started; kept, so that its parts and the next start do the same."""

    port_base: int = DEFAULT_PORT_BASE
    demo: bool = False
    database: str | None = None
    """SQLAlchemy URL; None is SQLite in the home."""
    journal: JournalPlace = JournalPlace.HOME
    listen: str = PortPlan.CENTRE_ADDRESS
    """Address for SIP, audio and the web; ARI, AMI and AGI stay on loopback."""
    public_address: str | None = None
    """The address that callers and agents are told, when it differs from `listen` (NAT)."""
    tls_cert: str | None = None
    tls_key: str | None = None
    asterisk: str | None = None
    """Path of the Asterisk to use; None looks for one."""
    spare: bool = True
    """Keep a second engine that takes over at once when the first dies; it costs some 100 MB of memory."""

    @property
    def is_loopback(self) -> bool:
        """Does everything listen on loopback only?"""
        return ipaddress.ip_address(self.listen).is_loopback

    @property
    def bound_address(self) -> str | None:
        """The one address that is listened on; None when it is every address of the machine."""
        return None if ipaddress.ip_address(self.listen).is_unspecified else self.listen

    def check(self) -> None:
        """Raises ConfigError with the next step when these settings would open the centre unsafely."""
        try:
            loopback = self.is_loopback
        except ValueError:
            raise ConfigError(f"--listen must be an IP address, not {self.listen!r}.") from None
        if self.journal is JournalPlace.DATABASE and not (self.database or "").startswith("postgres"):
            raise ConfigError("--journal database needs --database postgresql://…: a standby finds the journal there.")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("--tls-cert and --tls-key belong together: give both or none.")
        for name in (self.tls_cert, self.tls_key):
            if name is not None and not os.access(name, os.R_OK):
                raise ConfigError(f"The TLS file {name} cannot be read.")
        if loopback:
            return
        if self.demo:
            raise ConfigError(
                f"--demo shows its passwords on the screen, so it stays on loopback: leave out --listen {self.listen}."
            )
        if self.tls_cert is None:
            raise ConfigError(f"--listen {self.listen} reaches beyond this machine: give --tls-cert and --tls-key too.")
        if self.public_address is None and ipaddress.ip_address(self.listen).is_unspecified:
            raise ConfigError(
                f"--listen {self.listen} is every address, and none that a browser could go to: give --public-address "
                "too, the one that agents use."
            )


class DemoPerson(_Stored):
    """A demo user's way in."""

    login: str
    password: str


class DemoAgent(DemoPerson):
    """A demo agent and his phone."""

    extension: str
    sip_password: str


class DemoSecrets(_Stored):
    """Everyone's way into the demo."""

    agents: tuple[DemoAgent, ...]
    supervisor: DemoPerson
    admin: DemoPerson


class RecordingKey(_Stored):
    """A key that the keys of recordings are wrapped with."""

    id: str
    key: str
    """32 bytes in base64."""

    @classmethod
    def make(cls) -> Self:
        """A fresh one."""
        return cls(id=_word(8), key=base64.b64encode(randomness.token_bytes(32)).decode())


class Secrets(_Stored):
    """Random words made with the home; file mode 600."""

    ari_user: str = "triune"
    ari_password: str
    ami_user: str = "engine"
    ami_password: str
    watch_user: str = "watch"
    """AMI user of the supervisor: reads nothing, only pings."""
    watch_password: str
    session_key: str
    """Signs the web's sessions."""
    engine_token: str
    """The IVR shows it to the engine's API."""
    carrier_ari_password: str
    carrier_ami_password: str
    demo: DemoSecrets
    recording_keys: tuple[RecordingKey, ...] = ()
    """The last one wraps from now on; a home that has none yet is given one by `Home.make`."""

    @classmethod
    def make(cls) -> Self:
        """Fresh random secrets."""
        return cls(
            ari_password=_word(),
            ami_password=_word(),
            watch_password=_word(),
            session_key=_word(48),
            engine_token=_word(),
            carrier_ari_password=_word(),
            carrier_ami_password=_word(),
            demo=DemoSecrets(
                agents=tuple(
                    DemoAgent(login=f"agent{extension}", password=_word(10), extension=extension, sip_password=_word())
                    for extension in DEMO_EXTENSIONS
                ),
                supervisor=DemoPerson(login="supervisor", password=_word(10)),
                admin=DemoPerson(login="admin", password=_word(10)),
            ),
            recording_keys=(RecordingKey.make(),),
        )


def _word(length: int = 24) -> str:
    letters = string.ascii_letters + string.digits
    return "".join(randomness.choice(letters) for _ in range(length))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePaths:
    """The directories of one Asterisk."""

    root: Path

    @property
    def etc(self) -> Path:
        """The configuration in force: a link to one of the `etc-NNN` beside it."""
        return self.root / "etc"

    @property
    def conf(self) -> Path:
        """asterisk.conf, as `asterisk -C` wants it."""
        return self.etc / "asterisk.conf"

    def directory(self, name: str) -> Path:
        """One of `run`, `log`, `spool`, `lib`, `db`."""
        return self.root / name


_T = TypeVar("_T", bound=_Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One centre's directory, its settings and secrets as they stood when it was opened."""

    path: Path
    settings: Settings
    secrets: Secrets

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a home. Raises ConfigError when `cti up` has never made it, or its files are damaged."""
        path = path.expanduser().absolute()
        if not (path / "settings.json").exists():
            raise ConfigError(f"{path} is no home of Triune yet: run `cti up --home {path}` first.")
        return cls(
            path=path,
            settings=_read(path / "settings.json", Settings),
            secrets=_read(path / "secrets.json", Secrets),
        )

    @classmethod
    def make(cls, path: Path, settings: Settings) -> Self:
        """Make the directory (mode 700) and whatever it lacks; secrets once made are kept, settings are replaced.

        Raises ConfigError when the place or the settings cannot be used.
        """
        path = path.expanduser().absolute()
        settings.check()
        PortPlan(base=settings.port_base)
        socket = path / "asterisk" / "run" / "asterisk.ctl"
        if len(os.fsencode(socket)) > _SOCKET_LIMIT:
            raise ConfigError(f"The path {path} is too long: Asterisk's control socket needs a shorter one for --home.")
        try:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
            for name in ("logs", "prompts", "run"):
                (path / name).mkdir(exist_ok=True)
            if not (path / "secrets.json").exists():
                write_private(path / "secrets.json", Secrets.make().model_dump_json(indent=2))
            for folder in (path / "recordings", path / "asterisk" / "spool" / "monitor"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path / "settings.json", settings.model_dump_json(indent=2))
        except OSError as error:
            raise ConfigError(f"The home {path} cannot be made: {error.strerror}.") from error
        home = cls.open(path)
        return home if home.secrets.recording_keys else home.with_recording_key()

    def with_recording_key(self) -> Self:
        """This home with one more key for recordings, which counts from now on; durable on return.

        Raises ConfigError.
        """
        secrets = _read(self.path / "secrets.json", Secrets)
        secrets = secrets.model_copy(update={"recording_keys": (*secrets.recording_keys, RecordingKey.make())})
        return self._with_secrets(secrets)

    def with_recording_keys_only(self, ids: Collection[str]) -> Self:
        """This home with no other keys for recordings than these. Raises ConfigError."""
        secrets = _read(self.path / "secrets.json", Secrets)
        kept = tuple(one for one in secrets.recording_keys if one.id in ids)
        return self._with_secrets(secrets.model_copy(update={"recording_keys": kept}))

    def _with_secrets(self, secrets: Secrets) -> Self:
        try:
            write_private(self.path / "secrets.json", secrets.model_dump_json(indent=2))
        except OSError as error:
            raise ConfigError(f"{self.path / 'secrets.json'} cannot be written: {error.strerror}.") from error
        return replace(self, secrets=secrets)

    @property
    def ports(self) -> PortPlan:
        """The ports of this home."""
        return PortPlan(base=self.settings.port_base)

    @property
    def asterisk(self) -> NodePaths:
        """The centre's Asterisk."""
        return NodePaths(root=self.path / "asterisk")

    @property
    def carrier(self) -> NodePaths:
        """The emulated carrier's Asterisk."""
        return NodePaths(root=self.path / "carrier")

    @property
    def centre_file(self) -> Path:
        """The admin's own centre file, in force or not yet."""
        return self.path / "centre.yaml"

    @property
    def conf(self) -> Path:
        """Versions of the configuration, see `cti.dialplan.history`."""
        return self.path / "conf"

    def version_folder(self, version: int) -> Path:
        """What a version of the configuration was made of."""
        return self.conf / "versions" / str(version)

    @property
    def version_in_force(self) -> int | None:
        """The version of the configuration that the parts of this centre run; None before there was one.

        Raises ConfigError when it cannot be told.
        """
        try:
            return int((self.conf / "in-force").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self.conf / 'in-force'} is damaged: write the number of a version into it.") from error

    @property
    def centre_in_force(self) -> Path:
        """The centre file of the version in force: what engine, IVR and Asterisk go by, whatever is being edited."""
        version = self.version_in_force
        path = self.version_folder(version) / "centre.yaml" if version is not None else self.centre_file
        return path if path.exists() else self.centre_file

    @property
    def journal(self) -> Path:
        """The journal's SQLite file."""
        return self.path / "journal.sqlite"

    @property
    def spools(self) -> Path:
        """Folder of what a leader writes while PostgreSQL, where its journal is, is away."""
        return self.path / "spools"

    @property
    def endpoints_file(self) -> Path:
        """Where outsiders look, see `cti.endpoints`."""
        return self.path / "endpoints.json"

    @property
    def spare_socket(self) -> Path:
        """Where an engine that waits for the lead answers pings."""
        return self.path / "run" / "spare.sock"

    @property
    def prompts(self) -> Path:
        """Cache of prompts rendered to audio."""
        return self.path / "prompts"

    @property
    def voicemail(self) -> Path:
        """Messages that callers left, one WAV file each."""
        return self.asterisk.directory("spool") / "voicemail"

    @property
    def recordings(self) -> Path:
        """Sealed recordings, and the notes on those that are not sealed yet."""
        return self.path / "recordings"

    @property
    def recording_spool(self) -> Path:
        """Where the switch writes talks that are being recorded; the owner's alone."""
        return self.asterisk.directory("spool") / "monitor"

    def desk_secret(self, key: str) -> str:
        """The SIP password of this desk phone; made of a word that set-up made, so it is kept nowhere."""
        word = self.secrets.session_key.encode()
        return hashlib.blake2b(f"desk\0{key}".encode(), key=word[:64], digest_size=15).hexdigest()

    def secret_file(self, name: str) -> Path:
        """Where the secret stands that the centre file calls by this name. Raises ConfigError for what is no name."""
        if not SECRET_NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a secret: small letters, digits, - and _, a letter first.")
        return self.path / "secrets" / name

    def secret(self, name: str) -> str:
        """The secret that the centre file calls by this name; read anew each time, blocks on the disk.

        Raises ConfigError with the next step when it is missing, or others than the owner may read it.
        """
        path = self.secret_file(name)
        say = f"run `cti secret set {name} --home {self.path}`."
        try:
            with path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & 0o077:
                    raise ConfigError(f"Others may read {path}: `chmod 600` it, or {say}")
                text = file.read(_LONGEST_SECRET).rstrip("\r\n")
        except FileNotFoundError:
            raise ConfigError(f"The secret {name!r} is not set: {say}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The secret {path} cannot be read ({error}): {say}") from error
        if not text:
            raise ConfigError(f"The secret {name!r} is empty: {say}")
        return text

    def keep_secret(self, name: str, text: str) -> None:
        """Write a secret, for its owner alone; durable on return. Raises ConfigError."""
        path = self.secret_file(name)
        if not text or len(text) > _LONGEST_SECRET or "\n" in text or "\0" in text:
            raise ConfigError(f"A secret is one line of at most {_LONGEST_SECRET} characters, and not empty.")
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_private(path, text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database; the home's own SQLite unless told otherwise."""
        return self.settings.database or f"sqlite:///{self.path / 'triune.sqlite'}"

    @property
    def ari_url(self) -> str:
        """Base of the centre's ARI, without `/ari`."""
        return f"http://{PortPlan.CENTRE_ADDRESS}:{self.ports.http}"

    @property
    def web_url(self) -> str:
        """Where a person's browser finds the desktop."""
        scheme = "https" if self.settings.tls_cert else "http"
        return f"{scheme}://{self.settings.public_address or self.settings.listen}:{self.ports.web}"

    @property
    def host_here(self) -> str:
        """Where this machine reaches its own engine: the unspecified address is no place to connect to."""
        listen = self.settings.listen
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 - compared with, not bound to

    @property
    def web_here(self) -> str:
        """Where the engine's web answers on this machine."""
        scheme = "https" if self.settings.tls_cert else "http"
        host = f"[{self.host_here}]" if ":" in self.host_here else self.host_here
        return f"{scheme}://{host}:{self.ports.web}"

    @property
    def surveys(self) -> Path:
        """Answers of callers that the engine has not taken in yet."""
        return self.path / "surveys"

    def log(self, part: str) -> Path:
        """The log of a part: asterisk, carrier, ivr, engine or supervisor."""
        return self.path / "logs" / f"{part}.log"


def _read(path: Path, kind: type[_T]) -> _T:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ConfigError(f"{path} is damaged ({_dotted(detail['loc'])}: {detail['msg']}).") from None


def _dotted(parts: tuple[int | str, ...]) -> str:
    """`demo.agents.0.login`."""
    return ".".join(map(str, parts)) or "-"


def write_private(path: Path, text: str, *, end: str = "\n") -> None:
    """Write a file of mode 600 whole: a reader sees the old text or the new one, never a part; durable on return."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text + end)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
