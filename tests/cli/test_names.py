"""Files, folders and the home may be called anything: every command works with the names, and prints them whole."""

import os
import shutil
from pathlib import Path

from lookalike.samples import draw_samples
from testing.processes import answer, make_home
from tests.cli.inprocess import lookalike

#: What URLs, globs, markup, emoji codes, shells, configuration files and SQL read in their own ways.
HOME = "a#b?c%20d [e] 'f' \"g\" $HOME {h} @i"
FOLDER = "trip [rome] :cat: 50% #1 'x' \"y\""
FILES = ["[red]a.jpg", "what? & $HOME.jpg", "caf\u00e9 \u202f\u5199.jpg", "two\nlines.jpg", "rtl\u202egpj.exe.jpg"]


def test_every_command_works_with_odd_names(tmp_path: Path, model_home: Path) -> None:
    (tmp_path / HOME).mkdir()
    environment = {**os.environ, "LOOKALIKE_HOME": str(make_home(tmp_path / HOME, model_home))}
    draw_samples(tmp_path / "drawn", per_class=1)
    images = tmp_path / FOLDER
    images.mkdir()
    for name, image in zip(FILES, sorted((tmp_path / "drawn").rglob("*.*")), strict=False):
        shutil.copy(image, images / name)
    (images / "broken [edited].jpg").write_bytes(b"no image")

    done = answer(lookalike(environment, "ingest", images, "--json"))
    assert (done["indexed"], done["rejected"]) == (len(FILES), 1)
    found = answer(
        lookalike(environment, "search", images / FILES[0], "-k", 10, "--filter", f"label={FOLDER}", "--json")
    )
    assert {match["uri"] for match in found["matches"]} == {str(images / name) for name in FILES}
    assert {match["name"] for match in found["matches"]} == {FOLDER}
    shown = lookalike(environment, "search", "--uri", images / FILES[0], "-k", 10).stdout
    assert str(images / FILES[1]) in shown and str(images / FILES[2]) in shown
    assert r"two\nlines.jpg" in shown and r"rtl\u202egpj.exe.jpg" in shown and shown.count("\n") == len(FILES)
    assert str(images / "broken [edited].jpg") in lookalike(environment, "failed", "list").stdout
    assert str(images) in lookalike(environment, "status", done["job"]).stdout
    assert answer(lookalike(environment, "verify", images, "--json"))["present"] == len(FILES)
    assert answer(lookalike(environment, "index", "list", "--json"))["indexes"][0]["documents"] == len(FILES)
    assert answer(lookalike(environment, "doctor", "--json"))["fine"]
    report = tmp_path / "[report] #1.html"
    lookalike(environment, "duplicates", "--threshold", -1, "--report", report)
    assert "broken" not in report.read_text() and "[red]a.jpg" in report.read_text()
