"""`cti call AGENT NUMBER`: have an agent's phone rung and a number dialled, and tell how far it comes.

Here: options, what is printed, exit codes. The call goes through the API of the running engine, as the agent's own: the
home's signing key lets its owner speak for him, and the audit says so.
"""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
import httpx

from cti.calling import hidden
from cti.config import load
from cti.database import open_database
from cti.errors import NotFound, OutsideError, RuleError
from cti.home import Home, default_home
from cti.ports import Person
from cti.store.commands import ACTOR
from cti.store.directory import Directory
from cti.web.sessions import Sessions

_LOOKED_S: Final = 0.25
_ANSWER_LIMIT_S: Final = 10.0
_PATIENCE_S: Final = 300.0
"""Longer than any phone rings."""
_STANDS: Final = frozenset({"talking", "wrap_up", "over"})
"""What a call ends up in, as far as this command looks."""
_OF_AGENT: Final = {
    "offline": "{agent} is not signed in: open {web}, sign in as {agent}, and call again.",
    "busy": "{agent} has something in hand: a call is made when that is finished.",
    "phone_unreachable": "The phone of {agent} is not registered: switch it on, or let {agent} choose the other one.",
    "no_extension": "{agent} has no extension, so no phone: `cti agent` gives one.",
    "choose_project": "{agent} works for several projects: name one with --project ({keys}).",
    "unknown_project": "{agent} does not work for this project: --project is one of {keys}.",
    "not_your_project": "{agent} does not work for this project: --project is one of {keys}.",
}
"""Refusals whose sentence speaks to the agent, told to another."""


@click.command()
@click.argument("agent")
@click.argument("number")
@click.option(
    "--home",
    default=default_home,
    type=click.Path(path_type=Path),
    help="The home of a centre that is up. Default: the one of `make run`.",
)
@click.option("--project", help="For which project; needed when the agent works for several.")
@click.option("--json", "as_json", is_flag=True, help="Only the result, for programs.")
def call(agent: str, number: str, home: Path, project: str | None, as_json: bool) -> None:
    """Ring AGENT's phone (login or extension), then NUMBER, and tell what happens.

    It ends when they talk (exit code 0), or when it is clear that they will not (1); the call itself goes on.
    """
    told = asyncio.run(_call(Home.open(home), agent, number, project, quiet=as_json))
    if as_json:
        click.echo(json.dumps(told))
    raise SystemExit(0 if told["state"] == "talking" else 1)


async def _call(home: Home, agent: str, number: str, project: str | None, *, quiet: bool) -> dict[str, Any]:
    person = await _person(home, agent, number)
    token = Sessions(signing_key=home.secrets.session_key).begin(person)
    async with httpx.AsyncClient(
        base_url=f"{home.web_url}/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=_ANSWER_LIMIT_S,
        trust_env=False,
        verify=False,  # noqa: S501 - the home's own engine on this machine, whose certificate names another host
    ) as http:
        wish = {"number": number} | ({"project_id": project} if project is not None else {})
        try:
            started = await _ask(http, "POST", "/calls", wish)
        except RuleError as error:
            raise _addressed(error, person, home) from error
        return await _followed(http, str(started["contact_id"]), quiet=quiet)


def _addressed(error: RuleError, person: Person, home: Home) -> RuleError:
    """The refusal told of the agent: whoever types the command is another."""
    words = _OF_AGENT.get(error.code)
    if words is None:
        return error
    keys: Iterable[str] = person.project_ids or load(home.centre_in_force).projects
    return RuleError(words.format(agent=person.login, web=home.web_url, keys=", ".join(keys)), code=error.code)


async def _followed(http: httpx.AsyncClient, contact_id: str, *, quiet: bool) -> dict[str, Any]:
    """Tell each change until it stands; the history, which tells of an end, may be a second behind."""
    said = ""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_S
    while loop.time() < until:
        try:
            told = await _ask(http, "GET", f"/calls/{contact_id}")
        except NotFound:
            told = {"state": "", "sentence": said}
        if told["sentence"] != said and not quiet:
            click.echo(told["sentence"])
        said = told["sentence"]
        if told["state"] in _STANDS:
            return told
        await asyncio.sleep(_LOOKED_S)
    raise OutsideError("Nothing has happened for minutes; `cti status` tells what runs.")


async def _person(home: Home, agent: str, number: str) -> Person:
    database = open_database(home.database_url)
    try:
        directory = Directory(database)
        for person in await directory.everyone():
            if person.active and agent in (person.login, person.extension):
                await directory.note_deed(
                    actor=ACTOR, action="called_for", subject=person.login, detail=hidden(number.strip())
                )
                return person
    finally:
        await database.close()
    raise NotFound(f"There is no agent {agent!r}; `cti agent list` shows all.")


async def _ask(http: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, Any]:
    try:
        answer = await http.request(method, path, json=body)
        said: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise OutsideError(f"The centre does not answer on {http.base_url.host}: is it up? `cti status`.") from error
    if answer.is_success:
        return said
    sentence = str(said.get("sentence", f"The centre answered {answer.status_code}."))
    code = str(said.get("code", "refused"))
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(sentence, code=code)
    raise RuleError(sentence, code=code) if answer.is_client_error else OutsideError(sentence)
