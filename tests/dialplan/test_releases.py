"""A version comes into force whole, or nothing has happened; whatever fails, and whatever dies in the midst of it."""

from pathlib import Path

import pytest

from cti.dialplan import material, render, starting
from cti.dialplan.history import Applying, History
from cti.dialplan.releases import Releases
from cti.errors import ConfigError, NotFound
from cti.home import Home
from cti.ports.templates import Busy, Outcome, Stage, Stale
from cti.setup import asterisk
from cti.setup.asterisk import AsteriskInstall
from tests.dialplan.homes import DIALPLAN, add, change, demo_home
from tests.dialplan.switchboard import Started, started

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("unbounded")]

ECHO = " same => n,Answer()\n same => n,Echo()"


@pytest.fixture(scope="module")
def install() -> AsteriskInstall:
    return asterisk.find()


@pytest.fixture
def centre(tmp_path: Path, install: AsteriskInstall) -> Started:
    return started(demo_home(tmp_path / "h"), install)


def greet(home: Home) -> None:
    change(home, ECHO, " same => n,Answer()\n same => n,Playback(hello-world)\n same => n,Echo()")


async def apply(centre: Started, *, later: bool = False) -> Outcome:
    return await centre.releases.apply(author="me", reason="a test", later=later)


def untouched(centre: Started) -> None:
    """Asterisk, engine, IVR and disk go by version 1, as if nothing had been tried."""
    assert centre.home.version_in_force == 1
    assert centre.board.versions() == {1}
    assert centre.board.read == (centre.home.asterisk.etc / "extensions.conf").read_text()
    assert {version for _, version in centre.board.loaded[-2:]} <= {1}
    assert History(centre.home).unfinished() is None


async def test_a_change_goes_through_every_step_and_the_old_version_stays_for_its_calls(centre: Started) -> None:
    greet(centre.home)
    outcome = await apply(centre)
    assert outcome.kept
    assert [one.stage for one in outcome.stages] == [
        Stage.RENDERED,
        Stage.LINTED,
        Stage.LOADED,
        Stage.RELOADED,
        Stage.PROBED,
        Stage.KEPT,
    ]
    assert centre.home.version_in_force == outcome.version == 2
    assert centre.board.versions() == {1, 2}
    assert centre.board.reloads == 1
    assert centre.board.loaded == [("ivr", 2), ("engine", 2)]
    (newest, first) = await centre.releases.history()
    assert (newest.action, newest.author, newest.reason, first.action) == ("apply", "me", "a test", "start")


BROKEN = {
    "a template that is none": lambda home: add(home, "{% if %}"),
    "a name that nobody defined": lambda home: add(home, "; {{ nobodys }}"),
    "a template that breaks out": lambda home: add(home, "; {{ ''.__class__ }}"),
    "a line that Asterisk would skip": lambda home: change(home, ECHO, f" same => n,Set(A=${{B)\n{ECHO}"),
    "a way to nowhere": lambda home: change(home, ECHO, " same => n,Goto(nowhere,s,1)"),
    "a circle": lambda home: change(home, ECHO, " same => n(a),Set(B=1)\n same => n,Goto(a)"),
    "a trunk for everybody": lambda home: change(
        home, ECHO, " same => n,Dial(PJSIP/${FILTER(+0-9,${CALLERID(num)})}@trunk,60)\n same => n,Hangup()"
    ),
    "a caller's own words": lambda home: change(home, ECHO, f" same => n,Log(NOTICE,${{CALLERID(name)}})\n{ECHO}"),
    "a program": lambda home: change(home, ECHO, f" same => n,System(id)\n{ECHO}"),
    "a sound that is not there": lambda home: change(home, ECHO, f" same => n,Playback(nobodys)\n{ECHO}"),
    "a centre file with a mistake": lambda home: change(
        home, "    operator: support", "    operator: nobody", name=material.CENTRE
    ),
    "no probe": lambda home: change(home, "[{{ v.CONTEXT_PROBE }}]", "[tried]"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_draft_never_goes_live(centre: Started, kind: str) -> None:
    BROKEN[kind](centre.home)
    outcome = await apply(centre)
    assert not outcome.kept
    assert outcome.stages[-1].stage is Stage.REFUSED
    assert any(flaw.severity == "error" for flaw in outcome.flaws)
    assert centre.board.reloads == 0
    assert centre.board.loaded == []
    assert History(centre.home).numbers() == [1]
    untouched(centre)


@pytest.mark.parametrize("part", ["ivr", "engine", "contexts", "probe"])
async def test_what_fails_on_the_way_is_taken_back_by_itself_and_says_why(centre: Started, part: str) -> None:
    greet(centre.home)
    centre.board.fails.add(part)
    centre.board.heals = True
    outcome = await apply(centre)
    assert not outcome.kept
    assert outcome.stages[-1].stage is Stage.ROLLED_BACK
    assert outcome.reason
    newest = (await centre.releases.history())[0]
    assert (newest.action, newest.version, newest.words) == ("failed", 2, outcome.reason)
    untouched(centre)


async def test_a_switch_that_is_away_leaves_the_old_files_and_is_told_when_it_is_back(centre: Started) -> None:
    greet(centre.home)
    before = centre.board.read
    centre.board.fails.add("reload")
    outcome = await apply(centre)
    assert not outcome.kept
    assert (centre.home.asterisk.etc / "extensions.conf").read_text() == before
    assert History(centre.home).unfinished() is not None
    centre.board.fails.clear()
    await centre.releases.tidy()
    assert centre.board.reloads == 1
    untouched(centre)


async def test_going_back_is_byte_for_byte_and_leaves_the_drafts_as_they_were_then(
    centre: Started, install: AsteriskInstall
) -> None:
    centre_then = centre.home.centre_file.read_bytes()
    dialplan_then = History(centre.home).plain(1)
    greet(centre.home)
    change(centre.home, "    operator: support", "    operator: sales", name=material.CENTRE)
    assert (await apply(centre)).kept
    outcome = await centre.releases.rollback(1, author="you", reason="not so good")
    assert outcome.kept
    assert centre.home.version_in_force == 1
    assert centre.home.centre_file.read_bytes() == centre_then
    assert not (material.own_folder(centre.home) / DIALPLAN).exists()
    assert History(centre.home).plain(1) == dialplan_then
    newest = (await centre.releases.history())[0]
    assert (newest.action, newest.version, newest.author, newest.reason) == ("rollback", 1, "you", "not so good")
    assert centre.board.versions() == {1, 2}
    assert (await centre.releases.pending()).differences == ()


async def test_a_version_that_was_never_there_cannot_be_gone_back_to(centre: Started) -> None:
    with pytest.raises(NotFound):
        await centre.releases.rollback(9, author="me", reason="")


async def test_old_versions_go_when_their_last_call_has_ended(centre: Started) -> None:
    greet(centre.home)
    assert (await apply(centre)).kept
    centre.board.busy = {"to-queue-v1", "from-trunk-v2"}
    await centre.releases.tidy()
    assert centre.board.versions() == {1, 2}
    assert centre.drained == []
    centre.board.busy = {"from-trunk-v2"}
    await centre.releases.tidy()
    assert centre.board.versions() == {2}
    assert centre.drained == [True]


async def test_what_needs_a_restart_is_refused_or_waits_as_the_admin_says(centre: Started) -> None:
    change(centre.home, "codecs: [ulaw, alaw]", "codecs: [alaw]", name=material.CENTRE)
    refused = await apply(centre)
    assert not refused.kept
    assert {(one.needs, one.name) for one in refused.later} == {("asterisk", "pjsip.conf"), ("engine", "trunks")}
    assert "pjsip.conf" in refused.reason
    untouched(centre)
    assert (await apply(centre, later=True)).kept


async def test_a_new_queue_is_live_with_its_static_queue(centre: Started) -> None:
    text = "  mail:\n    name: {en: Mail, ru: Письма}"
    change(
        centre.home,
        text,
        "  complaints:\n    name: {en: Complaints, ru: Жалобы}\n    project: telecom\n" + text,
        name=material.CENTRE,
    )
    outcome = await apply(centre)
    assert outcome.kept, outcome
    assert outcome.later == ()
    assert centre.board.queues == ["fallback-complaints"]


async def test_two_do_not_apply_at_once(centre: Started) -> None:
    greet(centre.home)
    with History(centre.home).alone(), pytest.raises(Busy):
        await apply(centre)


async def test_nothing_changed_is_nothing_applied(centre: Started) -> None:
    outcome = await apply(centre)
    assert not outcome.kept
    assert "Nothing has changed" in outcome.reason


async def test_a_draft_that_another_wrote_meanwhile_is_not_overwritten(centre: Started) -> None:
    (first, *_) = [one for one in await centre.releases.drafts() if one.name == DIALPLAN]
    await centre.releases.save(DIALPLAN, "mine", base=first.text)
    with pytest.raises(Stale):
        await centre.releases.save(DIALPLAN, "yours", base=first.text)


@pytest.mark.parametrize(
    "name", ["modules.conf.j2", "queues.conf.j2", "manager.conf.j2", "_asterisk.j2", "../x.j2", "pjsip.conf.j2"]
)
async def test_from_afar_only_the_dialplans_templates_can_be_written(centre: Started, name: str) -> None:
    with pytest.raises(ConfigError):
        await centre.releases.save(name, "x", base="")


async def test_secrets_never_show_in_a_difference(centre: Started) -> None:
    material.write(centre.home, "manager.conf.j2", "; {{ secrets.ami_password }}")
    text = "".join(one.text for one in (await centre.releases.pending()).differences)
    assert "••••••" in text
    assert centre.home.secrets.ami_password not in text


# -- deaths in the midst of it ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


STEPS = ["add", "begin", "load", "put", "reload", "probe", "put_in_force", "note", "finish"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_death_at_any_step_leaves_the_old_version_or_the_new_one_and_the_next_start_says_which(
    centre: Started, install: AsteriskInstall, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    greet(centre.home)

    def die(*_: object, **__: object) -> None:
        raise Killed

    async def die_later(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if step in ("reload", "probe"):
            patched.setattr(centre.board, step, die_later)
        elif step == "load":
            patched.setattr(type(centre.releases._loaders[1]), "load", die_later)
        elif step == "put":
            patched.setattr(render, "put", die)
        else:
            patched.setattr(History, step, die)
        with pytest.raises(Killed):
            await apply(centre)
    decided = STEPS.index(step) > STEPS.index("put_in_force")
    after = Releases(centre.home, install, host=centre.board, loaders=(), drained=lambda: None)
    await after.tidy()
    assert centre.home.version_in_force == (2 if decided else 1)
    assert max(centre.board.versions()) == (2 if decided else 1)
    assert centre.board.read == (centre.home.asterisk.etc / "extensions.conf").read_text()
    assert History(centre.home).unfinished() is None
    if step not in ("add", "begin"):
        newest = (await after.history())[0]
        assert newest.action == "recovered"
        assert f"version {2 if decided else 1} is in force" in newest.words


async def test_a_cold_start_says_what_was_cut_short_and_goes_by_what_was_decided(
    centre: Started, install: AsteriskInstall
) -> None:
    greet(centre.home)
    assert (await apply(centre)).kept
    kept = History(centre.home)
    kept.begin(Applying(before=2, version=3, action="apply", author="me", reason=""))
    start = starting.prepare(centre.home, install)
    assert start.version == 2
    assert "Version 3 was cut short" in start.words[0]
    assert kept.unfinished() is None


# -- starts ----------------------------------------------------------------------------------------------------------


async def test_what_was_changed_while_the_centre_stood_still_counts_from_its_start(
    centre: Started, install: AsteriskInstall
) -> None:
    greet(centre.home)
    start = starting.prepare(centre.home, install)
    assert start.version == 2
    assert "hello-world" in (centre.home.asterisk.etc / "extensions.conf").read_text()


async def test_drafts_with_mistakes_do_not_keep_a_centre_from_starting(
    centre: Started, install: AsteriskInstall
) -> None:
    change(centre.home, ECHO, " same => n,Goto(nowhere,s,1)")
    start = starting.prepare(centre.home, install)
    assert start.version == 1
    assert "has mistakes: version 1 stays in force" in start.words[0]
    assert "nowhere" in start.words[0]


def test_a_home_without_any_version_does_not_start_on_a_mistake(tmp_path: Path, install: AsteriskInstall) -> None:
    home = demo_home(tmp_path / "h")
    change(home, "    operator: support", "    operator: nobody", name=material.CENTRE)
    with pytest.raises(ConfigError, match="nobody"):
        starting.prepare(home, install)
    assert home.version_in_force is None
