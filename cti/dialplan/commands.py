"""`cti conf`: the configuration made from the centre file.

Here: the commands. Not here: rendering (`cti.dialplan.render`).
"""

from pathlib import Path

import click

from cti import config
from cti.dialplan import render
from cti.home import Home
from cti.setup import asterisk


@click.group()
def conf() -> None:
    """Render the dialplan from the centre file."""


@conf.command("render")
@click.option(
    "--home", required=True, type=click.Path(path_type=Path, file_okay=False), help="Directory of the centre."
)
@click.option("--centre", type=click.Path(path_type=Path, dir_okay=False), help="Another centre file than the home's.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the files here (made when missing)."
)
def render_command(home: Path, centre: Path | None, out: Path | None) -> None:
    """Show what the centre file becomes; what is in force stays untouched.

    Mistakes are all named at once, by file, line and key, with exit code 2.
    """
    opened = Home.open(home)
    install = asterisk.find(Path(opened.settings.asterisk) if opened.settings.asterisk else None)
    texts = render.centre_texts(config.load(centre or opened.centre_file), opened, install)
    if out is None:
        for name, text in texts.items():
            click.echo(f";;; {name}\n{text}")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    click.echo(f"{len(texts)} files written to {out}.")
