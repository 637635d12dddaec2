"""Debian's own packages without root: apt with private folders, then unpacked into one folder.

The system's package database is neither read nor changed, so every dependency comes along, the C library included,
and the programs run next to any distribution. Signatures are always checked. Called by `cti.setup.asterisk` and
`cti.setup.speech`; what the packages mean is known there.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.setup import progress

MIRROR_VARIABLE = "TRIUNE_DEBIAN_MIRROR"
SUITES = ("forky", "sid")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DOWNLOAD_LIMIT_S = 3600.0
QUERY_LIMIT_S = 300.0

_CODE_NAMES = re.compile(r"^(stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)$")
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s")
_PASSED_ON = ("Acquire::http::", "Acquire::https::", "Acquire::ForceIPv", "Acquire::Retries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One suite on one mirror."""

    mirror: str
    suite: str

    def __str__(self) -> str:
        return f"{self.suite} at {self.mirror}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One package file that apt will fetch. `size` in bytes."""

    name: str
    size: int


def mirrors(texts: Iterable[str]) -> list[str]:
    """The Debian mirror named in TRIUNE_DEBIAN_MIRROR, then those that apt's source files name, in order, once each.

    Understands both the one-line and the deb822 form. Security and third-party archives are left out: they carry no
    whole suite.
    """
    named = os.environ.get(MIRROR_VARIABLE, "")
    found: list[str] = [named] if named else []
    for text in texts:
        for line in text.splitlines():
            one_line = _ONE_LINE.match(line.strip() + " ")
            if one_line and _CODE_NAMES.match(one_line["suite"]):
                found.append(one_line["uri"])
        for stanza in re.split(r"\n\s*\n", text):
            fields = _deb822(stanza)
            if any(_CODE_NAMES.match(suite) for suite in fields.get("suites", "").split()):
                found.extend(fields.get("uris", "").split())
    return list(dict.fromkeys(uri.rstrip("/") for uri in found))


def _deb822(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[key] = f"{fields.get(key, '')} {line.strip()}"
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
    return fields if fields.get("enabled", "yes").lower() != "no" and "deb" in fields.get("types", "").split() else {}


def system_sources(etc: Path = Path("/etc/apt")) -> list[str]:
    """The text of each source file of this machine's apt; none when there is none or it may not be read."""
    texts: list[str] = []
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if path.suffix in {".list", ".sources"}:
            try:
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
            except OSError:
                continue
    return texts


def parcels(print_uris: str) -> list[Parcel]:
    """What `apt-get --print-uris` says it would fetch: lines of 'URI' NAME SIZE HASH."""
    rows = re.findall(r"^'[^']+' (\S+) (\d+)", print_uris, re.MULTILINE)
    return [Parcel(name=name, size=int(size)) for name, size in rows]


class Apt:
    """apt-get bound to private folders below `folder` and one `Source`. Blocks; every call has a limit."""

    def __init__(self, folder: Path, *, source: Source, archives: Path) -> None:
        self.source = source
        self.archives = archives
        self._folder = folder
        self._trust_expired = False
        self._environment: dict[str, str] = {}
        self._prepare()

    def update(self) -> None:
        """Fetch the package lists. A mirror that lags behind (an expired Release file) is used with a warning."""
        try:
            self._apt_get("update", "-q")
        except SetupFailed as error:
            if not re.search(r"expired|not valid (yet|until)", str(error)):
                raise
            progress.warn(
                f"{self.source} has an expired Release file: the mirror lags. Its signature is good, so it is used."
            )
            self._trust_expired = True
            self._prepare()
            self._apt_get("update", "-q")

    def candidate(self, package: str) -> str | None:
        """The version of `package` that would be fetched, or None when the suite has none."""
        found = re.search(r"Candidate: (\S+)", self._run(["apt-cache", "policy", package]))
        return found[1] if found and found[1] != "(none)" else None

    def fetch(self, packages: Sequence[str]) -> list[Path]:
        """Download `packages` with all they depend on; what lies in the archive folder is not fetched again."""
        wanted = [*packages]
        listed = self._apt_get("install", "--print-uris", "-qq", *wanted)
        missing = parcels(listed)
        if missing:
            total = sum(parcel.size for parcel in missing)
            title = f"Fetching {len(missing)} Debian packages ({total // 1_000_000} MB) from {self.source}"
            with progress.step(title, total=total, in_bytes=True) as advance:
                self._download(wanted, missing=missing, advance=advance)
        return self._all_files(wanted)

    def _download(self, wanted: list[str], *, missing: list[Parcel], advance: progress.Advance) -> None:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.3):
                advance(sum(self._size(parcel.name) for parcel in missing))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            self._apt_get("install", "--download-only", "-q", *wanted, limit_s=DOWNLOAD_LIMIT_S)
        finally:
            done.set()
            watcher.join()
        advance(sum(parcel.size for parcel in missing))

    def _size(self, name: str) -> int:
        for path in (self.archives / name, self.archives / "partial" / name):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                continue
        return 0

    def _all_files(self, wanted: list[str]) -> list[Path]:
        """The files of the whole set, those that were there before included."""
        empty = self._folder / "no-archives"
        (empty / "partial").mkdir(parents=True, exist_ok=True)
        listed = self._apt_get("install", "--print-uris", "-qq", "-o", f"Dir::Cache::archives={empty}/", *wanted)
        files = [self.archives / parcel.name for parcel in parcels(listed)]
        absent = [path.name for path in files if not path.exists()]
        if absent:
            raise SetupFailed(f"apt did not leave {absent[0]} in {self.archives}. Empty that folder and try again.")
        return files

    def _apt_get(self, *arguments: str, limit_s: float = QUERY_LIMIT_S) -> str:
        return self._run(["apt-get", "-y", *arguments], limit_s=limit_s)

    def _run(self, command: list[str], *, limit_s: float = QUERY_LIMIT_S) -> str:
        try:
            # apt waits for its children itself; stdin closed so that nothing can ask.
            done = subprocess.run(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise SetupFailed(f"{command[0]} is not on this machine.") from error
        except subprocess.TimeoutExpired as error:
            raise SetupFailed(f"{self.source} did not answer within {limit_s:.0f} s.") from error
        trouble = [line for line in done.stderr.splitlines() if line.startswith(("E:", "Err:"))]
        if command[0] == "apt-get" and "update" in command:
            # `update` exits 0 even when it kept stale lists.
            trouble += [
                line for line in done.stderr.splitlines() if re.search(r"W: (Failed to fetch|Some index)", line)
            ]
        if done.returncode or trouble:
            raise SetupFailed("\n".join(trouble[:3]) or f"{' '.join(command[:3])} failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    def _prepare(self) -> None:
        state, cache, etc = self._folder / "state", self._folder / "cache", self._folder / "etc"
        for made in (state / "lists" / "partial", cache, etc, self.archives / "partial"):
            made.mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        sources = etc / "sources.list"
        sources.write_text(f"deb [signed-by={KEYRING}] {self.source.mirror} {self.source.suite} main\n")
        config = etc / "apt.conf"
        config.write_text(
            f"""\
Dir::State "{state}/";
Dir::State::status "{state}/status";
Dir::State::lists "{state}/lists/";
Dir::Cache "{cache}/";
Dir::Cache::archives "{self.archives}/";
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "{etc}/none/";
Dir::Etc::parts "{etc}/none/";
Dir::Etc::main "{etc}/none.conf";
Dir::Etc::preferences "{etc}/none.pref";
Dir::Etc::preferencesparts "{etc}/none/";
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Get::List-Cleanup "false";
Acquire::Languages {{ "none"; }};
Acquire::Check-Valid-Until "{str(not self._trust_expired).lower()}";
Debug::NoLocking "true";
{_network_settings()}"""
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "APT_CONFIG"},
            "APT_CONFIG": str(config),
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }


def unpack(files: Sequence[Path], *, into: Path) -> None:
    """Unpack package files over each other into one folder; no scripts of theirs run."""
    with progress.step(f"Unpacking {len(files)} packages", total=len(files)) as advance, ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(_unpack_one, path, into) for path in files]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            advance(done)


def check_possible() -> None:
    """Raise when Debian packages cannot be fetched here at all, saying what is missing."""
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SetupFailed(
                f"Debian's packages cannot be fetched here: {program} is missing. "
                "Install Asterisk 22.10 or newer yourself and name it with --asterisk PATH or TRIUNE_ASTERISK."
            )
    if not any(shutil.which(program) for program in ("gpgv", "sqv")):
        raise SetupFailed("Debian's signatures cannot be checked here: install gpgv and try again.")
    if not KEYRING.exists():
        raise SetupFailed(
            f"Debian's signing keys ({KEYRING}) are missing. Install the package debian-archive-keyring and try again."
        )


def _unpack_one(path: Path, into: Path) -> None:
    done = subprocess.run(["dpkg-deb", "-x", str(path), str(into)], capture_output=True, text=True, check=False)
    if done.returncode:
        path.unlink(missing_ok=True)  # fetched anew next time
        raise SetupFailed(
            f"{path.name} cannot be unpacked ({done.stderr.strip()}). Free some disk space and try again."
        )


def _network_settings() -> str:
    """The machine's proxy and certificate settings for apt; hooks and the rest of its configuration stay out."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(_PASSED_ON)]
    return "".join(f"{line}\n" for line in lines)
