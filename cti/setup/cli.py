"""The whole of set-up in one call, and its command line (`python -m cti.setup`).

Called by make and by the `cti` command. Everything is found first and fetched only when it is not there, so a second
run takes a moment.
"""

from pathlib import Path

import click

from cti.errors import TriuneError
from cti.setup import asterisk, mail, node, progress, speech, tools


def run_setup(*, named_asterisk: Path | None = None, tests: bool = False) -> asterisk.AsteriskInstall:
    """Bring this machine to where a centre can start; with `tests`, to where every test can run.

    Returns the Asterisk that `cti up` will use. Raises SetupFailed with the next step.
    """
    install = asterisk.install(named_asterisk)
    progress.say(f"Asterisk {install.version}: {install.argv_prefix[-1]}")
    speech.install()
    node.build_pages()
    node.build_widget()
    if tests:
        tools.install()
        mail.install()
    return install


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--tests", is_flag=True, help="Also install what only tests need, from apt (sudo if not root).")
@click.option(
    "--asterisk",
    "named_asterisk",
    type=click.Path(path_type=Path),
    help="Use this Asterisk: a program, or a folder of unpacked packages.",
)
def main(*, tests: bool, named_asterisk: Path | None) -> None:
    """Find or fetch Asterisk, speech and Node, and build the desktop's pages."""
    try:
        run_setup(named_asterisk=named_asterisk, tests=tests)
    except TriuneError as error:
        raise click.ClickException(str(error)) from error
