"""What a version of the configuration is made of: the text of the centre file and of every template.

Here: reading it from a home (the shipped templates, each replaced by the admin's own of that name), its limits, its
digest, and writing it back. Not here: what becomes of it (`cti.dialplan.render`), and its versions
(`cti.dialplan.history`). Blocks on the disk.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from cti import shipped
from cti.dialplan import templates
from cti.errors import ConfigError
from cti.home import Home, write_private

MOST_BYTES: Final = 200_000
"""Of one template, and of the centre file ten times that."""
MOST_FILES: Final = 60
CENTRE: Final = "centre.yaml"
_NAME: Final = re.compile(r"_?[a-z0-9][a-z0-9_-]{0,39}(\.conf)?\.j2")
_EDITABLE: Final = re.compile(r"extensions\.conf\.j2|_(?!asterisk\.j2)[a-z0-9][a-z0-9_-]{0,39}\.j2")


class Material(Struct, frozen=True, kw_only=True):
    """The texts of a version, as they were written."""

    centre: str
    templates: Mapping[str, str]
    """Every template in effect, by file name."""
    own: frozenset[str]
    """Which of them are the admin's own."""

    @property
    def digest(self) -> str:
        """The same for the same texts, whoever wrote them."""
        found = hashlib.sha256()
        for name, text in ((CENTRE, self.centre), *sorted(self.templates.items())):
            for part in (name, text):
                data = part.encode()
                found.update(len(data).to_bytes(8, "big") + data)
        return found.hexdigest()


def is_editable(name: str) -> bool:
    """Whether the page may change it: the dialplan's own templates, nothing that could open the machine."""
    return name == CENTRE or _EDITABLE.fullmatch(name) is not None


def own_folder(home: Home) -> Path:
    """Where the admin's own templates stand."""
    return home.path / "templates"


def of_home(home: Home) -> Material:
    """The texts as they stand in the home now, in force or not. Raises ConfigError."""
    own = of_home_folder(home)
    return Material(
        centre=_read(home.centre_file, most=10 * MOST_BYTES), templates={**of_triune(), **own}, own=frozenset(own)
    )


def of_home_folder(home: Home) -> dict[str, str]:
    """The admin's own templates. Raises ConfigError."""
    return _folder(own_folder(home))


def of_triune() -> dict[str, str]:
    """The templates that ship."""
    return _folder(shipped.asterisk_conf() / templates.FOLDER)


def _folder(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.glob("*.j2")):
        if _NAME.fullmatch(path.name) is None:
            raise ConfigError(
                f"{path}: a template is named in small letters and ends in .conf.j2; a part begins with _."
            )
        if path.is_symlink() or not path.is_file():
            raise ConfigError(f"{path} must be a file of its own, no link: templates reach no other folder.")
        found[path.name] = _read(path, most=MOST_BYTES)
    if len(found) > MOST_FILES:
        raise ConfigError(f"{folder} holds {len(found)} templates; {MOST_FILES} are the most.")
    return found


def _read(path: Path, *, most: int) -> str:
    try:
        data = path.read_bytes()
        if len(data) > most:
            raise ConfigError(f"{path} has {len(data)} bytes; {most} are the most.")
        return data.decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error


def write(home: Home, name: str, text: str) -> None:
    """Put a text in its place in the home; nothing comes into force. Raises ConfigError."""
    if name != CENTRE and _NAME.fullmatch(name) is None:
        raise ConfigError(f"{name!r} is no name for a template.")
    if len(text.encode()) > (10 if name == CENTRE else 1) * MOST_BYTES:
        raise ConfigError(f"{name} is too long: {MOST_BYTES} bytes are the most for a template.")
    folder = home.path if name == CENTRE else own_folder(home)
    folder.mkdir(exist_ok=True)
    _write(folder / name, text)


def remove(home: Home, name: str) -> None:
    """Take an own template away: the shipped one counts again. Not there is success."""
    (own_folder(home) / name).unlink(missing_ok=True)


def restore(home: Home, material: Material) -> None:
    """Make the home's texts those of this version, byte for byte."""
    _write(home.centre_file, material.centre)
    folder = own_folder(home)
    if material.own:
        folder.mkdir(exist_ok=True)
    for name in sorted(material.own):
        _write(folder / name, material.templates[name])
    for path in _strangers(folder, material.own):
        path.unlink(missing_ok=True)


def _strangers(folder: Path, own: Iterable[str]) -> list[Path]:
    return [path for path in sorted(folder.glob("*.j2")) if path.name not in set(own)]


def _write(path: Path, text: str) -> None:
    """Whole or not at all; no byte is added."""
    write_private(path, text, end="")
