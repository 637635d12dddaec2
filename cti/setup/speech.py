"""Text to speech for prompts: espeak-ng speaks, sox brings it to the telephone's 8 kHz.

From the system when it is there, else from Debian's packages in the cache. `cti.prompts` calls `find_espeak` and
`find_sox`; set-up calls `install`.
"""

import shutil

from cti.errors import SetupFailed
from cti.setup import unpacked

PACKAGES = ("espeak-ng", "sox")
ROOT_NAME = "speech"


def find_espeak() -> tuple[str, ...]:
    """How to start espeak-ng: put its arguments after these. Fetches nothing; raises SetupFailed when there is none."""
    system = shutil.which("espeak-ng")
    if system:
        return (system,)
    root = _root_with("usr/bin/espeak-ng")
    return (*root.command("usr/bin/espeak-ng"), f"--path={root.libraries}")


def find_sox() -> tuple[str, ...]:
    """How to start sox: put its arguments after these. Fetches nothing; raises SetupFailed when there is none."""
    system = shutil.which("sox")
    return (system,) if system else _root_with("usr/bin/sox").command("usr/bin/sox")


def install() -> None:
    """See that both can be started, fetching them if need be. No root needed."""
    try:
        find_espeak()
        find_sox()
    except SetupFailed:
        unpacked.install(ROOT_NAME, PACKAGES, acceptable=lambda _version: True)


def _root_with(program: str) -> unpacked.Root:
    from cti.setup import asterisk  # the larger root carries these programs too

    for name, packages in ((asterisk.ROOT_NAME, asterisk.PACKAGES), (ROOT_NAME, PACKAGES)):
        root = unpacked.find(name, packages)
        if root and root.holds(program):
            return root
    raise SetupFailed(
        f"{program.rpartition('/')[2]} is missing: run `make setup`, or install it from your distribution."
    )
