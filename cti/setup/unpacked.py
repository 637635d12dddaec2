"""Folders of unpacked Debian packages in the cache, and how a program in one is started in place.

The fetching is `cti.setup.debian`'s; which packages and what they are for is known to `cti.setup.asterisk` and
`cti.setup.speech`, the callers.
"""

import hashlib
import json
import platform
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.setup import cache, debian, progress

MANIFEST = "triune.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One folder of unpacked packages, with its own C library."""

    path: Path

    @property
    def libraries(self) -> Path:
        """The architecture's library folder, found and not named, so that any architecture Debian has will do."""
        loaders = self._loaders()
        if not loaders:
            raise SetupFailed(f"{self.path} holds no dynamic loader. Remove that folder and run `make setup` again.")
        return loaders[0].parent

    def command(self, program: str) -> tuple[str, ...]:
        """How to start `program` (a path below the root) with the root's own loader and libraries."""
        library_path = ":".join(str(path) for path in (self.libraries, self.libraries / "pulseaudio") if path.is_dir())
        return (str(self._loaders()[0]), "--library-path", library_path, str(self.path / program))

    def holds(self, program: str) -> bool:
        """Can `program` be started from here?"""
        return (self.path / program).is_file() and bool(self._loaders())

    def _loaders(self) -> list[Path]:
        return sorted((self.path / "usr/lib").glob("*-linux-gnu*/ld*.so.[12]"))


def find(name: str, packages: Sequence[str]) -> Root | None:
    """The newest root `name` in the cache that was made from exactly `packages` for this architecture."""
    known: list[tuple[tuple[int, ...], Path]] = []
    for manifest in cache.folder().glob(f"{name}-*/{MANIFEST}"):
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if facts.get("mark") == _mark(packages):
            known.append((tuple(int(part) for part in re.findall(r"\d+", facts["version"])), manifest.parent))
    return Root(path=max(known)[1]) if known else None


def install(name: str, packages: Sequence[str], *, acceptable: Callable[[str], bool]) -> Root:
    """Fetch and unpack `packages` as root `name`; the first package's version must be `acceptable`.

    Tries each suite on the named mirror, then on the machine's own. Returns at once when the root is there. Safe
    against another set-up at the same time. Raises SetupFailed with what was tried.
    """
    with cache.locked(name):
        found = find(name, packages)
        if found:
            return found
        debian.check_possible()
        tried: list[str] = []
        for mirror in debian.mirrors(debian.system_sources()):
            for suite in debian.SUITES:
                source = debian.Source(mirror=mirror, suite=suite)
                try:
                    return _install_from(source, name=name, packages=packages, acceptable=acceptable)
                except SetupFailed as error:
                    tried.append(f"  {source}: {error}")
                except OSError as error:
                    raise SetupFailed(
                        f"The cache {cache.folder()} could not be filled ({error.strerror}). "
                        "It needs 700 MB; free some space or set XDG_CACHE_HOME, then try again."
                    ) from error
        raise SetupFailed(
            f"Debian's packages of {packages[0]} could not be fetched:\n"
            + "\n".join(tried or ["  no Debian mirror is known to this machine's apt"])
            + f"\nCheck the network and the proxy (http_proxy), or name a mirror in {debian.MIRROR_VARIABLE}, "
            "then try again."
        )


def _install_from(
    source: debian.Source, *, name: str, packages: Sequence[str], acceptable: Callable[[str], bool]
) -> Root:
    mirror_mark = hashlib.sha256(source.mirror.encode()).hexdigest()[:8]
    state = cache.folder() / f"apt-{source.suite}-{mirror_mark}"
    apt = debian.Apt(state, source=source, archives=cache.folder() / "packages")
    apt.update()
    version = apt.candidate(packages[0])
    if version is None or not acceptable(version):
        raise SetupFailed(f"it has {packages[0]} {version or 'not at all'}, which will not do.")
    files = apt.fetch(packages)
    release = re.search(r"\d+(?:\.\d+)+", version)
    target = cache.folder() / f"{name}-{release[0] if release else 'unknown'}-{_mark(packages)}"
    with cache.whole(target) as scratch:
        debian.unpack(files, into=scratch)
        facts = {"version": version, "mark": _mark(packages), "suite": source.suite, "packages": list(packages)}
        (scratch / MANIFEST).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(state, ignore_errors=True)  # 150 MB of package lists, fetched anew in two seconds if ever needed
    progress.say(f"{packages[0]} {version} is in {target}")
    return Root(path=target)


def _mark(packages: Sequence[str]) -> str:
    """Tells apart roots made from other packages or for another architecture (a home on a network disk)."""
    return hashlib.sha256(" ".join([platform.machine(), *packages]).encode()).hexdigest()[:8]
