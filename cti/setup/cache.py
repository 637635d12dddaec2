"""The folder outside the tree that keeps what was fetched, so that a second checkout fetches nothing.

What is put there is complete or absent: it is written aside and renamed. Called by every other module of set-up.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cti.errors import SetupFailed


def folder() -> Path:
    """`triune` under XDG_CACHE_HOME, or under ~/.cache. Not created here."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "triune"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock `name` among all set-ups of this user; waits for another one to finish.

    The kernel drops the lock when its holder dies, so a killed set-up blocks nobody.
    """
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle = (folder() / f"{name}.lock").open("w")
    except OSError as error:
        raise SetupFailed(
            f"The cache folder {folder()} cannot be written ({error.strerror}). "
            "Set XDG_CACHE_HOME to a folder of yours and try again."
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A temporary folder that takes `target`'s place when the block ends well, and vanishes when it does not.

    The caller holds the lock: what a killed set-up left behind is cleared away first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
