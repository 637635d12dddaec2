"""What lies in the cache is whole or absent, for two set-ups at once too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cti.errors import SetupFailed
from cti.setup import cache, unpacked


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_relative_cache_folder_is_ignored_as_the_standard_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache.folder() == Path.home() / ".cache" / "triune"


def test_a_failed_block_leaves_the_old_folder_and_no_scratch(tmp_path: Path) -> None:
    target = tmp_path / "kept" / "thing"
    target.mkdir(parents=True)
    (target / "old").touch()
    with pytest.raises(IsADirectoryError), cache.whole(target) as scratch:
        scratch.write_text("a folder is no file")
    assert [path.name for path in target.parent.iterdir()] == ["thing"]
    assert [path.name for path in target.iterdir()] == ["old"]


def test_a_good_block_takes_the_place_of_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "thing"
    target.mkdir()
    (target / "old").touch()
    with cache.whole(target) as scratch:
        (scratch / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_what_a_killed_set_up_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".thing-1a2b" / "deep").mkdir(parents=True)
    with cache.whole(tmp_path / "thing"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_a_second_set_up_waits_for_the_first() -> None:
    code = "from cti.setup import cache\nwith cache.locked('x'):\n    print('in', flush=True)"
    with cache.locked("x"):
        second = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            second.communicate(timeout=1)
    assert second.communicate(timeout=20)[0] == "in\n"


def test_a_cache_that_cannot_be_written_is_said_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(SetupFailed, match="Set XDG_CACHE_HOME"), cache.locked("x"):
        pass


def _root(*, version: str, mark: str, name: str = "speech") -> Path:
    folder = cache.folder() / f"{name}-{version}-{mark}"
    folder.mkdir(parents=True)
    (folder / unpacked.MANIFEST).write_text(json.dumps({"version": version, "mark": mark}))
    return folder


def test_the_newest_root_of_the_same_packages_is_found() -> None:
    mark = unpacked._mark(["one"])
    _root(version="1:22.9.1-1", mark=mark)
    newest = _root(version="1:22.10.1-1", mark=mark)
    _root(version="1:23.0.0-1", mark=unpacked._mark(["other"]))
    assert unpacked.find("speech", ["one"]) == unpacked.Root(path=newest)


def test_a_folder_without_a_whole_manifest_is_no_root() -> None:
    folder = _root(version="1", mark=unpacked._mark(["one"]))
    (folder / unpacked.MANIFEST).write_text("{")
    assert unpacked.find("speech", ["one"]) is None


@pytest.mark.parametrize("loader", ["x86_64-linux-gnu/ld-linux-x86-64.so.2", "aarch64-linux-gnu/ld-linux-aarch64.so.1"])
def test_the_loader_is_found_on_any_architecture(tmp_path: Path, loader: str) -> None:
    path = tmp_path / "usr/lib" / loader
    path.parent.mkdir(parents=True)
    path.touch()
    (path.parent / "libc.so.6").touch()
    assert unpacked.Root(path=tmp_path).command("usr/bin/sox") == (
        str(path), "--library-path", str(path.parent), str(tmp_path / "usr/bin/sox"),
    )  # fmt: skip
