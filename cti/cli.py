"""The `cti` command: every subcommand by name, each loaded only when it is called.

No logic lives here. A part that offers commands has a module `commands` with click objects; this table names them, so
`cti --help` costs nothing that is not used. Errors of the product end as one sentence and exit code 2 (a mistake in
what was asked or configured) or 1 (something outside failed).
"""

import importlib
from collections.abc import Mapping
from typing import Final

import click

from cti.errors import ConfigError, RuleError, TriuneError

COMMANDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "up": ("cti.supervise.commands", "up", "Start the centre in a home, supervise it, stop it on Ctrl-C."),
    "status": ("cti.supervise.commands", "status", "What runs in a home."),
    "engine": ("cti.app", "engine", "Run the engine alone, for systemd or a container."),
    "ivr": ("cti.supervise.commands", "ivr", "Run the IVR alone, for systemd or a container."),
    "asterisk": ("cti.supervise.commands", "asterisk_alone", "Run Asterisk alone, for systemd or a container."),
    "conf": ("cti.conf", "conf", "Templates and centre file: lint, compare, apply, go back."),
    "user": ("cti.store.commands", "user", "People who sign in: add, list, password, one-time link."),
    "agent": ("cti.store.commands", "agent", "Agents: extension, skills, projects."),
    "customer": ("cti.crm.commands", "customer", "Customers: add, change, find, import, erase."),
    "desk": ("cti.desks", "desk", "Desk phones at which people log in: list, password, pin."),
    "dnc": ("cti.store.do_not_call_commands", "dnc", "Who is not to be called: add, remove, list, import."),
    "campaign": ("cti.campaign", "campaign", "Campaigns: import lists, start, pause, show, export results."),
    "call": ("cti.call", "call", "Have an agent's phone rung, then a number dialled."),
    "secret": ("cti.secret", "secret", "Passwords and keys that the centre file names."),
    "crm": ("cti.crm.crm_commands", "crm", "CRMs outside: test a look-up."),
    "survey": ("cti.store.survey_commands", "survey", "What callers answered after their talks: report."),
    "voicemail": ("cti.voicemail", "voicemail", "Messages that callers left."),
    "recordings": ("cti.recording", "recordings", "Recorded talks: list, save, verify, purge, new key."),
    "demo": ("cti.demo.commands", "demo", "Calls, agents and traffic for the demo centre."),
    "replay": ("cti.review.commands", "replay", "Decide a journal again and compare."),
    "why": ("cti.review.commands", "why", "Why a contact was offered to whom it was, or waits."),
    "audit": ("cti.review.commands", "audit", "Who was passed by whom in a journal, and why."),
    "simulate": ("cti.simulate.commands", "simulate", "Play a centre's day: a scenario, or one that a journal holds."),
    "bench": ("cti.bench.commands", "bench", "Measure Triune against the plain alternative."),
    "setup": ("cti.setup.cli", "main", "Find or fetch Asterisk, speech and Node; build the pages."),
}


class _Lazy(click.Group):
    """A group whose members are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TriuneError as error:
            click.echo(f"cti: {error}", err=True)
            ctx.exit(2 if isinstance(error, ConfigError | RuleError) else 1)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="triune", message="Triune %(version)s")
def main() -> None:
    """Triune: a contact centre on Asterisk. Start with `cti up --home DIR --demo`."""
