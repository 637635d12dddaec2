"""A home with the demo's centre file, and its drafts changed by a word or two."""

from pathlib import Path

from cti import shipped
from cti.dialplan import material
from cti.home import Home, Settings

DIALPLAN = "extensions.conf.j2"


def demo_home(path: Path) -> Home:
    """As `cti up --demo` makes it, before anything was started."""
    home = Home.make(path, Settings(demo=True))
    home.centre_file.write_bytes((shipped.asterisk_conf() / "centre.yaml").read_bytes())
    return home


def change(home: Home, old: str, new: str, *, name: str = DIALPLAN) -> int:
    """Put `new` for the first `old` of a draft; the line where it begins now."""
    texts = material.of_home(home)
    text = texts.centre if name == material.CENTRE else texts.templates[name]
    assert old in text, f"{old!r} is not in {name}"
    material.write(home, name, text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def add(home: Home, text: str) -> int:
    """Write more behind the dialplan's template; the line where it begins."""
    before = material.of_home(home).templates[DIALPLAN]
    material.write(home, DIALPLAN, f"{before.rstrip()}\n\n{text}\n")
    return before.rstrip().count("\n") + 3
