"""Which Asterisk this machine uses: one that is named, the system's, or Debian's own packages started in place.

Knows how it is started, not how it is configured or watched: that is the supervisor's, which calls `find`. Set-up calls
`install`. `core restart` does not work on an Asterisk started in place (it re-executes itself): stop it and start it.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.setup import speech, unpacked

MINIMUM = (22, 10)
"""The first release with the fixes for queue, PJSIP reload and channel creation that Triune relies on."""
VARIABLE = "TRIUNE_ASTERISK"
PACKAGES = (
    "asterisk",
    "asterisk-core-sounds-en-wav",
    "asterisk-core-sounds-ru-wav",
    "asterisk-moh-opsound-wav",
    *speech.PACKAGES,
)
ROOT_NAME = "asterisk"

_NEEDED_MODULES = ("app_queue.so", "app_stasis.so", "chan_pjsip.so", "res_agi.so", "res_ari_channels.so")
_DATA_DIRS = ("usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk")
_MODULE_DIRS = (
    "usr/lib/*-linux-gnu*/asterisk/modules",
    "usr/lib/asterisk/modules",
    "usr/lib64/asterisk/modules",
    "usr/local/lib/asterisk/modules",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskInstall:
    """An Asterisk that can be started, and where its parts lie (`astmoddir`, `astdatadir` of asterisk.conf)."""

    argv_prefix: tuple[str, ...]
    modules_dir: Path
    data_dir: Path
    sounds_dir: Path
    moh_dir: Path
    version: str

    def start_command(self, conf: Path) -> tuple[str, ...]:
        """Start in the foreground with the asterisk.conf at `conf`."""
        return (*self.argv_prefix, "-C", str(conf), "-f")

    def console_command(self, conf: Path, command: str) -> tuple[str, ...]:
        """Run one console command on the Asterisk that was started with `conf`; prints its answer and ends."""
        return (*self.argv_prefix, "-C", str(conf), "-rx", command)


def parse_version(text: str) -> tuple[int, ...] | None:
    """The release in `asterisk -V`'s answer or in a Debian version; None when there is none (a development build).

    "Asterisk 22.10.1+dfsg" and "1:22.10.1+dfsg-1" are both (22, 10, 1).
    """
    found = re.match(r"(?:Asterisk )?(?:certified[/-])?(?:\d+:)?(\d+(?:\.\d+)+)", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else None


def is_new_enough(version: str) -> bool:
    """Is this release at least `MINIMUM`?"""
    parsed = parse_version(version)
    return parsed is not None and parsed >= MINIMUM


def find(named: Path | None = None) -> AsteriskInstall:
    """The Asterisk to use. Fetches nothing; takes some 50 ms.

    `named` (or the variable TRIUNE_ASTERISK) is a program, or a folder of unpacked packages; it must do, there is no
    falling back from it. Otherwise the system's, when it is new enough; otherwise the one in the cache.
    Raises SetupFailed with the next step when there is none.
    """
    named = named or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named:
        return _from_name(named)
    system = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if system:
        try:
            return _from_program(Path(system))
        except SetupFailed:
            pass  # too old or incomplete: the one in the cache serves
    root = unpacked.find(ROOT_NAME, PACKAGES)
    if root is None:
        raise SetupFailed(
            f"There is no Asterisk {MINIMUM[0]}.{MINIMUM[1]} or newer on this machine. "
            f"Run `make setup` (or `python -m cti.setup`), or name one with --asterisk PATH or {VARIABLE}."
        )
    return _from_root(root)


def install(named: Path | None = None) -> AsteriskInstall:
    """As `find`, but Debian's packages are fetched when there is none. No root needed; some 20 s on a good line."""
    try:
        return find(named)
    except SetupFailed:
        if named or os.environ.get(VARIABLE):
            raise
    root = unpacked.install(ROOT_NAME, PACKAGES, acceptable=is_new_enough)
    return _from_root(root)


def _from_name(named: Path) -> AsteriskInstall:
    named = named.expanduser().absolute()
    if named.is_dir():
        return _from_root(unpacked.Root(path=named))
    if not os.access(named, os.X_OK):
        raise SetupFailed(f"{named} is not a program that can be started. Check --asterisk or {VARIABLE}.")
    return _from_program(named)


def _from_program(program: Path) -> AsteriskInstall:
    real = program.resolve()
    # PREFIX/sbin/asterisk: the system's own lies below /usr with its data also in /var.
    prefix = Path("/") if real.parts[1:2] == ("usr",) else real.parent.parent
    return _describe((str(program),), places=(prefix, *([Path("/")] if prefix != Path("/") else [])))


def _from_root(root: unpacked.Root) -> AsteriskInstall:
    if not root.holds("usr/sbin/asterisk"):
        raise SetupFailed(f"{root.path} holds no usr/sbin/asterisk with its libraries. Name another or remove it.")
    install = _describe(root.command("usr/sbin/asterisk"), places=(root.path,))
    _name_languages(install.sounds_dir)
    return install


def _describe(argv_prefix: tuple[str, ...], *, places: tuple[Path, ...]) -> AsteriskInstall:
    program = argv_prefix[-1]
    version = _version(argv_prefix)
    if not is_new_enough(version):
        raise SetupFailed(f"{program} is {version or 'no Asterisk'}; Triune needs {MINIMUM[0]}.{MINIMUM[1]} or newer.")
    modules = [path for place in places for pattern in _MODULE_DIRS for path in place.glob(pattern)]
    modules += [path for place in places for path in place.glob("lib/asterisk/modules")]
    complete = [path for path in modules if all((path / name).exists() for name in _NEEDED_MODULES)]
    if not complete:
        raise SetupFailed(f"{program} lacks modules that Triune needs ({', '.join(_NEEDED_MODULES)}).")
    data = [place / part for place in places for part in (*_DATA_DIRS, "share/asterisk")]
    data_dir = next((path for path in data if (path / "documentation").is_dir()), data[0])
    return AsteriskInstall(
        argv_prefix=argv_prefix,
        modules_dir=complete[0],
        data_dir=data_dir,
        sounds_dir=data_dir / "sounds",
        moh_dir=data_dir / "moh",
        version=version,
    )


def _version(argv_prefix: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([*argv_prefix, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"{argv_prefix[-1]} cannot be started ({error}).") from error
    if done.returncode:
        raise SetupFailed(f"{argv_prefix[-1]} does not start: {done.stderr.strip()[-300:]}")
    return done.stdout.strip().removeprefix("Asterisk ")


def _name_languages(sounds: Path) -> None:
    """Give each voice the short name that a channel's language uses: `en` for en_US_f_Allison.

    Debian does this when a package is installed, which unpacking alone does not do.
    """
    for voice in sorted(sounds.glob("[a-z][a-z]_*")):
        short = sounds / voice.name[:2]
        if not short.exists():
            short.unlink(missing_ok=True)
            short.symlink_to(voice.name)
