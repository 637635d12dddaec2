"""Where the data that ships with Triune lies: in a checkout beside the package, in an installed wheel inside it.

Called by the rendering of templates, the prompts and the demo.
"""

from pathlib import Path

from cti.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def asterisk_conf() -> Path:
    """The folder `asterisk-conf`: templates, centre.yaml, services, prompts, carrier."""
    for folder in (_PACKAGE.parent / "asterisk-conf", _PACKAGE / "_conf"):
        if folder.is_dir():
            return folder
    raise ConfigError(f"asterisk-conf is missing beside {_PACKAGE}. Install Triune anew, or use a whole checkout.")
