"""The WAV file that is made of what the switch writes."""

import array
import subprocess
import sys
from pathlib import Path

from cti.recordings import sound
from cti.setup import speech


def test_every_sample_is_as_near_as_its_code_can_say() -> None:
    samples = array.array("h", range(-32_768, 32_768))
    coded = sound.encoded(samples.tobytes())
    for sample, code in zip(samples, coded, strict=True):
        assert abs(_decoded(code) - sample) <= max(8, abs(sample) // 16), sample


def _decoded(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 132 << (code >> 4 & 0x07)) - 132
    return -size if code & 0x80 else size


def test_sox_reads_two_sides_of_the_right_length_and_content(tmp_path: Path) -> None:
    written = array.array("h", [1000, -2000] * sound.RATE)
    assert sys.byteorder == "little"
    data = sound.encoded(written.tobytes())
    wav = tmp_path / "x.wav"
    wav.write_bytes(sound.head(len(data)) + data)
    raw = subprocess.run(
        [*speech.find_sox(), str(wav), "-t", "raw", "-e", "signed", "-b", "16", "-L", "-"],
        capture_output=True,
        check=True,
        timeout=30,
    ).stdout
    got = array.array("h", raw)
    assert len(got) == 2 * sound.RATE
    assert set(got[0::2]) == {_decoded(data[0])}
    assert set(got[1::2]) == {_decoded(data[1])}
    assert sound.length_ms(len(data)) == 1000
