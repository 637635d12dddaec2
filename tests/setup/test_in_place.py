"""The Asterisk of this machine starts in place and answers; speech comes out at the telephone's rate."""

import os
import subprocess
import time
import wave
from pathlib import Path

import pytest

from cti.setup import asterisk, speech

BOOT_LIMIT_S = 30.0

CONF = """\
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {own}
astdbdir => {own}
astkeydir => {own}
astdatadir => {data}
astagidir => {own}
astspooldir => {own}
astrundir => {own}
astlogdir => {own}
"""


@pytest.mark.asterisk
def test_asterisk_starts_in_place_and_stops(tmp_path: Path) -> None:
    install = asterisk.find()
    etc, conf = tmp_path, tmp_path / "asterisk.conf"
    conf.write_text(CONF.format(etc=etc, own=tmp_path, modules=install.modules_dir, data=install.data_dir))
    (etc / "modules.conf").write_text("[modules]\nautoload=no\nload=res_musiconhold.so\nload=format_wav.so\n")
    (etc / "musiconhold.conf").write_text(f"[default]\nmode=files\ndirectory={install.moh_dir}\n")
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(install.start_command(conf), stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path)
    try:
        deadline = time.monotonic() + BOOT_LIMIT_S
        while "fully booted" not in _console(install, conf, "core waitfullybooted"):
            assert process.poll() is None, (tmp_path / "out").read_text()
            assert time.monotonic() < deadline, "Asterisk did not boot in time"
        assert "Asterisk 22." in _console(install, conf, "core show version")
        assert str(install.moh_dir) in _console(install, conf, "moh show files")
        _console(install, conf, "core stop now")
        assert process.wait(timeout=20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _console(install: asterisk.AsteriskInstall, conf: Path, command: str) -> str:
    done = subprocess.run(
        install.console_command(conf, command), capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout


@pytest.mark.asterisk
@pytest.mark.parametrize("language", ["en", "ru"])
def test_both_languages_can_be_spoken_and_heard(tmp_path: Path, language: str) -> None:
    if not os.access(asterisk.find().sounds_dir / language, os.R_OK):
        pytest.fail(f"no recorded sounds for {language}")
    spoken, telephone = tmp_path / "spoken.wav", tmp_path / "telephone.wav"
    espeak = [*speech.find_espeak(), "-v", language, "-w", str(spoken), "42"]
    subprocess.run(espeak, check=True, capture_output=True, timeout=20)
    sox = [*speech.find_sox(), str(spoken), "-r", "8000", "-c", "1", "-b", "16", str(telephone)]
    subprocess.run(sox, check=True, capture_output=True, timeout=20)
    with wave.open(str(telephone)) as sound:
        assert sound.getframerate() == 8000
        assert sound.getnframes() > 2000
