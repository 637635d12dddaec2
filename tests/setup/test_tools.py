"""Node and the tests' programs: what is enough, and what a person reads when something is missing."""

from pathlib import Path

import pytest

from cti.errors import SetupFailed
from cti.setup import node, tools


@pytest.mark.parametrize(
    ("answer", "enough"),
    [("v20.19.0\n", True), ("v20.11.0", False), ("v24.1.0", True), ("v18.20.4", False), ("v9.0.0", False), ("", False)],
)
def test_node_is_new_enough_from_what_vite_needs(answer: str, enough: bool) -> None:
    assert node.is_new_enough(answer) is enough


def test_a_tree_without_page_sources_needs_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node.build_pages(tmp_path)
    assert list(tmp_path.iterdir()) == []


def _pages(folder: Path, *, npm: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Page sources beside a Node of two small scripts; npm counts the builds."""
    programs, ui = folder / "bin", folder / "ui"
    programs.mkdir()
    (ui / "src").mkdir(parents=True)
    (ui / "package.json").write_text("{}")
    for name, script in (("node", "echo v22.1.0"), ("npm", npm)):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return ui


BUILD = 'test "$1" = run || exit 0; mkdir -p dist; touch dist/index.html; echo built >>../builds'


def test_pages_are_built_once_and_again_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ui = _pages(tmp_path, npm=BUILD, monkeypatch=monkeypatch)
    node.build_pages(ui)
    node.build_pages(ui)
    assert (tmp_path / "builds").read_text() == "built\n"
    (ui / "main.ts").write_text("changed")
    node.build_pages(ui)
    assert (tmp_path / "builds").read_text() == "built\nbuilt\n"


def test_the_widget_is_built_once_with_the_pages_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = (
        'test "$2" = widget || exit 0; mkdir -p ../widget/dist; touch ../widget/dist/widget.js; echo built >>../builds'
    )
    ui, widget = _pages(tmp_path, npm=build, monkeypatch=monkeypatch), tmp_path / "widget"
    (widget / "src").mkdir(parents=True)
    for _again in range(2):
        node.build_widget(widget, ui=ui)
    assert (tmp_path / "builds").read_text() == "built\n"
    (widget / "src" / "main.ts").write_text("changed")
    node.build_widget(widget, ui=ui)
    assert (tmp_path / "builds").read_text() == "built\nbuilt\n"


def test_a_failed_build_shows_its_last_words_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ui = _pages(
        tmp_path, npm='test "$1" = run || exit 0; echo "main.ts:3 no such thing"; exit 1', monkeypatch=monkeypatch
    )
    for _attempt in range(2):
        with pytest.raises(SetupFailed, match="no such thing"):
            node.build_pages(ui)


def test_a_build_that_leaves_no_page_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ui = _pages(tmp_path, npm="exit 0", monkeypatch=monkeypatch)
    with pytest.raises(SetupFailed, match=r"left no .*index\.html"):
        node.build_pages(ui)


@pytest.mark.parametrize(
    ("is_root", "sudo", "has_apt", "prefix"),
    [
        (True, None, True, ()),
        (True, "/usr/bin/sudo", True, ()),
        (False, "/usr/bin/sudo", True, ("/usr/bin/sudo",)),
        (False, None, True, None),
        (True, None, False, None),
    ],
)
def test_apt_is_used_as_root_or_with_sudo(
    is_root: bool, sudo: str | None, has_apt: bool, prefix: tuple[str, ...] | None
) -> None:
    assert tools.elevation(is_root=is_root, sudo=sudo, has_apt=has_apt) == prefix


def test_without_a_way_to_install_the_command_to_type_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"apt-get install .*sip-tester.*as root"):
        tools.install()


def test_a_missing_program_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"sipp is missing.*sip-tester"):
        tools.find_program("sipp")


def test_pages_that_came_built_without_their_sources_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "package.json").write_text("not even JSON")
    node.build_pages(tmp_path)
    assert not (tmp_path / "node_modules").exists()
