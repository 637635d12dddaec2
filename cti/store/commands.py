"""`cti user …` and `cti agent …`: the directory from the command line.

No logic here: options are read, `cti.store.directory` works, and the outcome is printed. `cti.cli` adds the groups. A
running centre sees a change of this kind when its engine reads the directory again; the desktop's admin view is at
once.
"""

import asyncio
import functools
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from cti import variables
from cti.config import Centre, load
from cti.config.names import did_you_mean
from cti.database import open_database
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId, SkillId
from cti.errors import NotFound, RuleError
from cti.home import Home, default_home
from cti.ports import Person, Phone, Role
from cti.store.directory import LINK_LIFE_S, Directory
from cti.store.schema import upgrade

T = TypeVar("T")

ACTOR = "command line"
"""Who did it, in the audit."""


class Place:
    """Which database a command works on, and where its desktop is."""

    def __init__(self, home: Path | None, url: str | None) -> None:
        if url is None and home is None:
            home = default_home()
        self.home = Home.open(home) if home is not None else None
        self.url = url or (self.home.database_url if self.home is not None else "")

    @property
    def centre(self) -> Centre | None:
        """The home's centre file; None where there is none. Raises ConfigError."""
        if self.home is None or not self.home.centre_in_force.exists():
            return None
        return load(self.home.centre_in_force)

    def run(self, work: Callable[[Directory], Awaitable[T]]) -> T:
        """Do the work on the directory, its schema and the centre's projects brought up first."""
        upgrade(self.url)

        async def within() -> T:
            database = open_database(self.url)
            try:
                directory = Directory(database)
                if (centre := self.centre) is not None:
                    await directory.adopt(centre)
                return await work(directory)
            finally:
                await database.close()

        return asyncio.run(within())


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where, turned into the command's first argument."""

    @click.option("--home", type=click.Path(path_type=Path), help="The centre's home. Default: the one of `make run`.")
    @click.option("--database", "url", help="URL of the database, instead of a home's.")
    @functools.wraps(command)
    def placed(*, home: Path | None, url: str | None, **options: object) -> None:
        command(Place(home, url), **options)

    return placed


@click.group()
def user() -> None:
    """People who sign in: add, list, password, deactivate, link."""


@click.group()
def agent() -> None:
    """People who handle contacts: add, change, list, skills, phone."""


_PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given."
)
_PROJECTS = click.option("--project", "projects", multiple=True, help="Key of a project; may be repeated.")
_SITE = click.option("--site", help='Key of the site where he sits; "" for none.')
_CAPACITY = click.option("--capacity", help='Key of his capacity profile; "" for the centre\'s default.')
_LANGUAGE = click.option("--language", default="en", show_default=True, type=click.Choice(["en", "ru"]))


@user.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.AGENT.value, show_default=True)
@_PROJECTS
@_LANGUAGE
@_PASSWORD
@_placed
def add_user(
    place: Place, login: str, name: str, role: str, projects: tuple[str, ...], language: str, password: str
) -> None:
    """Add a person without a phone, such as a supervisor or an admin."""
    _add(place, _person(login, name=name, role=Role(role), projects=projects, language=language), password)


@agent.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--extension", required=True, help="Digits; his phone's number.")
@click.option("--skill", "skills", multiple=True, help="KEY:LEVEL, level 1-10; may be repeated.")
@_SITE
@_CAPACITY
@_PROJECTS
@_LANGUAGE
@_PASSWORD
@_placed
def add_agent(
    place: Place,
    login: str,
    name: str,
    extension: str,
    skills: tuple[str, ...],
    site: str | None,
    capacity: str | None,
    projects: tuple[str, ...],
    language: str,
    password: str,
) -> None:
    """Add an agent with a phone."""
    person = _person(login, name=name, role=Role.AGENT, projects=projects, language=language)
    person = replace(person, extension=extension, skills=_levels(skills))
    _add(place, _seated(person, place, site=site, capacity=capacity), password)


@agent.command("change")
@click.argument("login")
@_SITE
@_CAPACITY
@_placed
def change_agent(place: Place, login: str, site: str | None, capacity: str | None) -> None:
    """Say where LOGIN sits and how many contacts he may hold; what is not given stays."""
    _change(place, login, lambda person: _seated(person, place, site=site, capacity=capacity))


@agent.command("skills")
@click.argument("login")
@click.argument("skills", nargs=-1)
@_placed
def set_skills(place: Place, login: str, skills: tuple[str, ...]) -> None:
    """Give the agent exactly these SKILLS, each KEY:LEVEL."""
    levels = _levels(skills)
    _change(place, login, lambda person: replace(person, skills=levels))


@agent.command("phone")
@click.argument("login")
@click.option("--new", is_flag=True, help="Make another password first: his phones must be set anew.")
@_placed
def show_phone(place: Place, login: str, new: bool) -> None:
    """Show what the SIP phone of LOGIN must be set to."""

    async def work(directory: Directory) -> Phone:
        person = await directory.by_login(login)
        if new:
            await directory.set_sip_secret(person.agent_id, secrets.token_urlsafe(18), actor=ACTOR)
        for phone in await directory.phones():
            if phone.agent_id == person.agent_id:
                return phone
        raise NotFound(f"{login} has no phone: he has no extension, or is not active; `cti user list` shows it.")

    phone = place.run(work)
    user = variables.agent_endpoint(phone.extension)
    for name, value in (*_servers(place.home), ("user", user), ("password", phone.secret)):
        click.echo(f"{name:9} {value}")


@user.command("list")
@_placed
def list_users(place: Place) -> None:
    """List everyone."""
    _list(place, lambda _: True)


@agent.command("list")
@_placed
def list_agents(place: Place) -> None:
    """List those with a phone."""
    _list(place, lambda person: person.extension is not None)


@user.command("password")
@click.argument("login")
@_PASSWORD
@_placed
def set_password(place: Place, login: str, password: str) -> None:
    """Replace the password of LOGIN."""

    async def work(directory: Directory) -> None:
        person = await directory.by_login(login)
        await directory.set_password(person.agent_id, password, actor=ACTOR)

    place.run(work)
    click.echo(f"The password of {login} is set.")


@user.command("deactivate")
@click.argument("login")
@_placed
def deactivate(place: Place, login: str) -> None:
    """Let LOGIN sign in no longer; his name stays in the history."""
    _change(place, login, lambda person: replace(person, active=False))


@user.command("activate")
@click.argument("login")
@_placed
def activate(place: Place, login: str) -> None:
    """Let LOGIN sign in again."""
    _change(place, login, lambda person: replace(person, active=True))


@user.command("link")
@click.argument("login", default="admin")
@_placed
def make_link(place: Place, login: str) -> None:
    """Print a link that signs LOGIN in once; makes the first admin when there is nobody yet."""

    async def work(directory: Directory) -> str:
        if not await directory.everyone():
            first = _person(login, name="Admin", role=Role.ADMIN, projects=(), language="en")
            await directory.add(first, None, actor=ACTOR)
        person = await directory.by_login(login)
        return await directory.link(person.agent_id, actor=ACTOR)

    token = place.run(work)
    web_url = place.home.web_url if place.home is not None else ""
    click.echo(f"{web_url}/link/{token}")
    click.echo(f"It works once, within {LINK_LIFE_S // 3600} hours.", err=True)


def _servers(home: Home | None) -> list[tuple[str, str]]:
    """Where a phone registers; nothing is known of that without a home."""
    if home is None:
        return []
    host = home.settings.public_address or home.settings.listen
    plain = ("server", f"{host}:{home.ports.sip} (UDP or TCP)")
    return [plain, ("or", f"{host}:{home.ports.sips} (TLS)")] if home.settings.tls_cert else [plain]


def _person(login: str, *, name: str, role: Role, projects: tuple[str, ...], language: str) -> Person:
    return Person(
        agent_id=AgentId(""),
        login=login,
        name=name,
        role=role,
        project_ids=tuple(ProjectId(project) for project in projects),
        extension=None,
        language=language,
        skills=(),
        active=True,
    )


def _seated(person: Person, place: Place, *, site: str | None, capacity: str | None) -> Person:
    """The person at this site and with this profile; None leaves what he has. Raises RuleError for unknown names."""
    centre = place.centre
    if centre is not None:
        _must_be_known(site, centre.sites, "site")
        _must_be_known(capacity, centre.capacities, "capacity profile")
    if site is not None:
        person = replace(person, site_id=SiteId(site) if site else None)
    return person if capacity is None else replace(person, capacity=capacity or None)


def _must_be_known(name: str | None, among: Collection[str], kind: str) -> None:
    if name and name not in among:
        raise RuleError(f"There is no {kind} {name!r}{did_you_mean(name, among)}")


def _levels(skills: tuple[str, ...]) -> tuple[SkillLevel, ...]:
    levels = []
    for skill in skills:
        key, _, level = skill.partition(":")
        if not level.isdecimal():
            raise click.BadParameter(f"A skill is written KEY:LEVEL, such as sales:5, not {skill!r}.")
        levels.append(SkillLevel(skill_id=SkillId(key), level=int(level)))
    return tuple(levels)


def _add(place: Place, person: Person, password: str) -> None:
    added = place.run(lambda directory: directory.add(person, password, actor=ACTOR))
    click.echo(f"{added.agent_id}\t{added.login}\t{added.name}")


def _change(place: Place, login: str, changed: Callable[[Person], Person]) -> None:
    async def work(directory: Directory) -> Person:
        return await directory.change(changed(await directory.by_login(login)), actor=ACTOR)

    _show(place.run(work))


def _list(place: Place, is_wanted: Callable[[Person], bool]) -> None:
    for person in place.run(lambda directory: directory.everyone()):
        if is_wanted(person):
            _show(person)


def _show(person: Person) -> None:
    skills = " ".join(f"{skill.skill_id}:{skill.level}" for skill in person.skills)
    state = "active" if person.active else "inactive"
    projects = ",".join(person.project_ids)
    columns = (person.login, person.name, person.role, person.extension or "-", projects, skills, state)
    click.echo("\t".join((*columns, person.site_id or "-", person.capacity or "-")))
