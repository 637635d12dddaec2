"""What only the tests need, from the distribution's own packages: SIPp, Chromium, PostgreSQL, espeak-ng, sox.

A running centre needs none of them. Called by `cti.setup.cli`; tests ask `find`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.setup import progress

APT_LIMIT_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program the tests start: any of `programs` will do; `package` is Debian's that brings it."""

    programs: tuple[str, ...]
    package: str


TOOLS = (
    Tool(programs=("sipp",), package="sip-tester"),
    Tool(programs=("chromium", "chromium-browser", "google-chrome"), package="chromium"),
    Tool(programs=("initdb",), package="postgresql"),
    Tool(programs=("espeak-ng",), package="espeak-ng"),
    Tool(programs=("sox",), package="sox"),
)


def find(tool: Tool) -> Path | None:
    """Where the tool's program lies, or None. Debian keeps PostgreSQL's programs outside the path."""
    for program in tool.programs:
        found = shutil.which(program)
        if found:
            return Path(found)
        versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
        newest = max(versions, key=lambda path: _number(path.parents[1].name), default=None)
        if newest:
            return newest
    return None


def find_program(program: str) -> Path:
    """Where the test program `program` ("sipp", "chromium", "initdb" …) lies. Raises SetupFailed when it is absent."""
    for tool in TOOLS:
        if program in tool.programs:
            found = find(tool)
            if found:
                return found
            raise SetupFailed(f"{program} is missing. Run `make test`, or install {tool.package}.")
    raise SetupFailed(f"{program} is not a program that set-up knows.")


def missing() -> list[Tool]:
    """The tools that are not on this machine."""
    return [tool for tool in TOOLS if find(tool) is None]


def install() -> None:
    """Install what is missing with apt, with sudo when not root. Raises SetupFailed, saying what to type."""
    wanted = missing()
    if not wanted:
        return
    packages = [tool.package for tool in wanted]
    prefix = elevation(is_root=os.geteuid() == 0, sudo=shutil.which("sudo"), has_apt=bool(shutil.which("apt-get")))
    if prefix is None:
        raise SetupFailed(by_hand(packages))
    progress.say(f"Installing for the tests: {', '.join(packages)}")
    # Another apt may be at work; it is waited for. No service is started: tests start their own.
    common = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"]
    _run([*prefix, *common, "update"], packages=packages)
    _run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", *common, "--no-install-recommends",
          "install", *packages], packages=packages)  # fmt: skip
    left = missing()
    if left:
        raise SetupFailed(by_hand([tool.package for tool in left]))


def elevation(*, is_root: bool, sudo: str | None, has_apt: bool) -> tuple[str, ...] | None:
    """What to put before apt-get so that it may install; None when it cannot be used here."""
    if not has_apt:
        return None
    if is_root:
        return ()
    return (sudo,) if sudo else None


def by_hand(packages: Iterable[str]) -> str:
    """The sentence for a machine on which set-up may not install anything."""
    names = " ".join(packages)
    return (
        f"The tests need programs that set-up cannot install here: {names}. Install them (on Debian: "
        f"`apt-get install {names}` as root) and try again; `make check` runs without them."
    )


def _run(command: Sequence[str], *, packages: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=APT_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(by_hand(packages)) from error
    # A third-party source that cannot be reached must not keep Debian's own packages away.
    if done.returncode and "update" not in command:
        raise SetupFailed(f"{by_hand(packages)}\napt said: {done.stderr.strip()[-400:]}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
