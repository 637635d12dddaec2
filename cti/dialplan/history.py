"""The versions of a home's configuration on the disk, and which of them is in force.

    HOME/conf/  in-force              the number of the version in force: the one thing that decides
                applying.json         what is just being brought into force; gone when it is decided
                log.jsonl             what happened, a line each
                versions/N/           centre.yaml, templates/, version.json, plain.conf

Theory of operation. A version's folder is written beside, then renamed: it is there whole or not at all, and never
changes. `in-force` is replaced in one step. So whatever dies at whatever moment leaves the old version or the new one
in force; `applying.json` tells the next start that something was cut short. Pruned to `KEPT` versions.

Blocks on the disk. Called by `cti.dialplan.releases` and `cti.dialplan.starting`.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cti.dialplan.material import CENTRE, Material
from cti.domain.ids import Milliseconds
from cti.errors import ConfigError, NotFound
from cti.home import Home, write_private
from cti.ports.templates import Busy, Entry

KEPT: Final = 30
"""Versions that can be gone back to."""
_LOG_KEPT: Final = 1000
"""Lines of the log that are read."""


class Version(Struct, frozen=True, kw_only=True):
    """What is known of a version beside its texts."""

    number: int
    author: str
    reason: str
    at_ms: Milliseconds
    digest: str
    """Of its texts."""
    dialplan: str
    """SHA-256 of the dialplan that was made of them."""
    own: tuple[str, ...]


class Applying(Struct, frozen=True, kw_only=True):
    """What is being brought into force."""

    before: int
    version: int
    action: str
    author: str
    reason: str


class History:
    """The versions of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.conf

    # -- versions ------------------------------------------------------------------------------------------------------

    @property
    def in_force(self) -> int | None:
        """The number in force; None before the first."""
        return self._home.version_in_force

    def numbers(self) -> list[int]:
        """The versions that are kept, oldest first."""
        return sorted(int(path.name) for path in (self._folder / "versions").glob("[0-9]*") if path.name.isdigit())

    def next_number(self) -> int:
        """A number that was never used."""
        logged = [entry.version for entry in self.entries()]
        return max([0, *self.numbers(), *logged]) + 1

    def add(
        self, number: int, material: Material, *, plain: str, author: str, reason: str, at_ms: Milliseconds
    ) -> Version:
        """Write a version down, durably. `plain` is its dialplan, contexts by their plain names."""
        made = Version(
            number=number,
            author=author,
            reason=reason,
            at_ms=at_ms,
            digest=material.digest,
            dialplan=digest_of(plain),
            own=tuple(sorted(material.own)),
        )
        staged = self._folder / "versions" / f".staged-{number}"
        shutil.rmtree(staged, ignore_errors=True)
        (staged / "templates").mkdir(parents=True, mode=0o700)
        write_private(staged / CENTRE, material.centre, end="")
        for name, text in material.templates.items():
            write_private(staged / "templates" / name, text, end="")
        write_private(staged / "plain.conf", plain, end="")
        write_private(staged / "version.json", msgspec.json.encode(made).decode())
        staged.rename(self._home.version_folder(number))
        _sync(self._folder / "versions")
        return made

    def version(self, number: int) -> Version:
        """Raises NotFound."""
        path = self._home.version_folder(number) / "version.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Version)
        except FileNotFoundError:
            raise NotFound(f"There is no version {number} to go back to.") from None
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"{path} is damaged.") from error

    def material(self, number: int) -> Material:
        """The texts of a version. Raises NotFound."""
        known = self.version(number)
        folder = self._home.version_folder(number)
        return Material(
            centre=_text(folder / CENTRE),
            templates={path.name: _text(path) for path in sorted((folder / "templates").glob("*.j2"))},
            own=frozenset(known.own),
        )

    def plain(self, number: int) -> str:
        """The dialplan of a version as it was when it came into force. Raises NotFound."""
        self.version(number)
        return _text(self._home.version_folder(number) / "plain.conf")

    def prune(self, needed: Collection[int]) -> None:
        """Drop the oldest beyond `KEPT`, but none that is needed still, nor the one in force."""
        spared = {*needed, self.in_force}
        for number in self.numbers()[:-KEPT]:
            if number not in spared:
                shutil.rmtree(self._home.version_folder(number), ignore_errors=True)

    # -- what is in force ----------------------------------------------------------------------------------------------

    def begin(self, applying: Applying) -> None:
        """From here on a death in the midst of it is noticed."""
        write_private(self._folder / "applying.json", msgspec.json.encode(applying).decode())

    def unfinished(self) -> Applying | None:
        """What was begun and neither kept nor taken back; None when all is decided."""
        try:
            return msgspec.json.decode((self._folder / "applying.json").read_bytes(), type=Applying)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"{self._folder / 'applying.json'} is damaged: remove it.") from error

    def put_in_force(self, number: int) -> None:
        """The one step that decides."""
        write_private(self._folder / "in-force", str(number))
        _sync(self._folder)

    def finish(self) -> None:
        """All is decided."""
        (self._folder / "applying.json").unlink(missing_ok=True)
        _sync(self._folder)

    # -- the log -------------------------------------------------------------------------------------------------------

    def note(self, entry: Entry) -> None:
        """Write a line, durably."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "log.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(entry) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> list[Entry]:
        """What happened, oldest first; a line cut short by a death is left out."""
        try:
            lines = (self._folder / "log.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return []
        kept = frozenset(self.numbers())
        found = []
        for number, line in list(enumerate(lines, start=1))[-_LOG_KEPT:]:
            with contextlib.suppress(msgspec.MsgspecError):
                entry = msgspec.json.decode(line, type=Entry)
                found.append(msgspec.structs.replace(entry, number=number, kept=entry.version in kept))
        return found

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the home's configuration, against other processes too. Raises Busy."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("Another version is just being brought into force. Wait for it, then try again.") from None
            yield
        finally:
            os.close(descriptor)


def digest_of(text: str) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def own_texts(material: Material) -> Mapping[str, str]:
    """What an admin wrote: the centre file and his own templates."""
    return {CENTRE: material.centre, **{name: material.templates[name] for name in sorted(material.own)}}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error


def _sync(folder: Path) -> None:
    """Have renames in the folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
