"""Sealed files: any part opens alone, and nothing opens that was not sealed so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.recordings import vault
from cti.recordings.keys import new_key

CONTENT = bytes(range(256)) * 600
"""Two chunks, and a piece of a third."""
CHUNK, TAG, HEAD = vault.CHUNK, 16, 16


@pytest.fixture(scope="module")
def key() -> bytes:
    return new_key()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, key: bytes) -> Path:
    path = tmp_path_factory.mktemp("vault") / "one.rec"
    pieces = [CONTENT[at : at + 999] for at in range(0, len(CONTENT), 999)]
    vault.seal(path, pieces, length=len(CONTENT), key=key, recording_id="c1-a")
    return path


def opened(path: Path, key: bytes, recording_id: str = "c1-a") -> bytes:
    with vault.Sealed(path, key=key, recording_id=recording_id) as file:
        return b"".join(file.read())


def test_what_is_sealed_opens_whole_and_shows_nothing_to_others(sealed: Path, key: bytes) -> None:
    assert opened(sealed, key) == CONTENT
    assert CONTENT[:32] not in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o077 == 0


@given(st.integers(0, len(CONTENT)), st.integers(0, len(CONTENT) + 10))
def test_every_part_opens_alone(sealed: Path, key: bytes, start: int, stop: int) -> None:
    with vault.Sealed(sealed, key=key, recording_id="c1-a") as file:
        assert b"".join(file.read(start, stop)) == CONTENT[start:stop]


def test_only_the_chunks_that_are_asked_for_are_opened(sealed: Path, key: bytes, tmp_path: Path) -> None:
    data = bytearray(sealed.read_bytes())
    data[HEAD + 5] ^= 1
    hurt = tmp_path / "hurt.rec"
    hurt.write_bytes(data)
    with vault.Sealed(hurt, key=key, recording_id="c1-a") as file:
        assert b"".join(file.read(CHUNK, CHUNK + 10)) == CONTENT[CHUNK : CHUNK + 10]
        with pytest.raises(vault.Damaged, match="backup"):
            list(file.read(0, 1))


@pytest.mark.parametrize("at", [0, 8, HEAD, HEAD + CHUNK, HEAD + CHUNK + TAG, -1])
def test_a_bit_that_was_changed_anywhere_is_noticed(sealed: Path, key: bytes, tmp_path: Path, at: int) -> None:
    data = bytearray(sealed.read_bytes())
    data[at] ^= 0x10
    hurt = tmp_path / "hurt.rec"
    hurt.write_bytes(data)
    with pytest.raises(vault.Damaged):
        opened(hurt, key)


def test_a_file_cut_short_or_with_chunks_in_another_order_does_not_open(
    sealed: Path, key: bytes, tmp_path: Path
) -> None:
    data = sealed.read_bytes()
    one, two = (data[HEAD + at * (CHUNK + TAG) : HEAD + (at + 1) * (CHUNK + TAG)] for at in (0, 1))
    rest = data[HEAD + 2 * (CHUNK + TAG) :]
    for name, changed in (("cut", data[:-20]), ("swapped", data[:HEAD] + two + one + rest), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(changed)
        with pytest.raises(vault.Damaged):
            opened(path, key)


def test_neither_another_key_nor_another_recordings_name_opens_it(sealed: Path, key: bytes) -> None:
    with pytest.raises(vault.Damaged):
        opened(sealed, new_key())
    with pytest.raises(vault.Damaged):
        opened(sealed, key, "c1-b")


def test_content_of_another_length_than_was_said_is_no_recording(tmp_path: Path, key: bytes) -> None:
    with pytest.raises(ValueError, match="5 bytes"):
        vault.seal(tmp_path / "x.rec", [b"12345"], length=6, key=key, recording_id="c1-a")
