"""`python -m ivr --home DIR`: the IVR as a process of its own. Everything can be named without a home too."""

import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from cti.errors import ConfigError, TriuneError
from cti.home import Home
from cti.prompts import Prompts, Speech
from ivr.api import Api
from ivr.app import SIGNALS, Ivr


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line names; it goes before what the home says."""

    listen: str
    agi_port: int | None
    web_url: str | None
    token_file: Path | None
    prompts: Path | None
    centre: Path | None


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="The centre's home, as `cti up` made it.")
@click.option("--listen", default="127.0.0.1", show_default=True, help="Address for FastAGI; it knows no passwords.")
@click.option("--agi-port", type=int, help="Port for FastAGI; 0 takes a free one.")
@click.option("--web-url", help="The engine's API.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the word that the API wants to see.")
@click.option("--prompts", type=click.Path(path_type=Path), help="Folder for spoken prompts.")
@click.option("--centre", type=click.Path(path_type=Path), help="The centre file.")
@click.option(
    "--stop-limit", "stop_limit_s", default=5.0, show_default=True, help="Seconds for running calls at the end."
)
def main(home: Path | None, stop_limit_s: float, **given: object) -> None:
    """Answer Asterisk's calls and lead them through the menus of the centre file."""
    # Before any thread is made: they all inherit it, and only the main thread takes signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        ivr = _composed(Home.open(home) if home is not None else None, Given(**given))  # type: ignore[arg-type]  # click's options, each a field
    except TriuneError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    ivr.run(stop_limit_s=stop_limit_s)


def _composed(home: Home | None, given: Given) -> Ivr:
    if home is None and None in (given.agi_port, given.web_url, given.token_file, given.prompts, given.centre):
        raise click.UsageError("Give --home, or all of --agi-port --web-url --token-file --prompts --centre.")
    port = given.agi_port if given.agi_port is not None else _of(home).ports.agi
    token = _word_in(given.token_file) if given.token_file is not None else _of(home).secrets.engine_token
    tls_cert = home.settings.tls_cert if home is not None else None
    return Ivr(
        (given.listen, port),
        centre_file=given.centre or _of(home).centre_in_force,
        versions=None if home is None else lambda version: home.version_folder(version) / "centre.yaml",
        answers=home.surveys if home is not None else None,
        prompts=Prompts(given.prompts or _of(home).prompts, speech=Speech.find()),
        api=Api(
            url=given.web_url or _api_url(_of(home)), token=token, certificate=Path(tls_cert) if tls_cert else None
        ),
    )


def _word_in(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error


def _of(home: Home | None) -> Home:
    assert home is not None
    return home


def _api_url(home: Home) -> str:
    """The web as this machine reaches it, whatever address the outside is told."""
    listen = home.settings.listen
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listen, f"[{listen}]" if ":" in listen else listen)  # noqa: S104 - compared with, not bound to
    return f"{'https' if home.settings.tls_cert else 'http'}://{host}:{home.ports.web}"


if __name__ == "__main__":
    main()
