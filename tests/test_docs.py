"""The documentation says what the kept results say."""

import importlib.util
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import horn_neuro as hn
from horn_neuro.analysis import Estimate
from horn_neuro.experiment.run_folder import RunFolder
from horn_neuro.report import write_report

ROOT = Path(__file__).parents[1]


def tool(name):
    """Load a script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_of_protocols_are_those_of_their_kept_results():
    pages = tool("protocol_pages")
    assert len(pages.PROTOCOLS) > 9
    for path in pages.PROTOCOLS:
        written = (pages.PAGES / f"{path.stem}.md").read_text()
        assert written == pages.page(path), f"run python docs/protocol_pages.py ({path.stem})"


def test_the_gallery_shows_every_protocol_with_its_answer():
    pages = tool("protocol_pages")
    text = (pages.PAGES / "index.md").read_text()
    assert text == pages.gallery(), "run python docs/protocol_pages.py"
    told = pages.answers()
    assert len(told) > 13
    names = {path.stem for path in pages.PROTOCOLS}
    assert set(told) == names
    shown = set(re.findall(r"\]\(\.\./thumbnails/(\w+)\.png\)", text))
    assert shown == names
    assert {path.stem for path in pages.THUMBNAILS.iterdir()} == shown
    for name in shown:
        assert (pages.THUMBNAILS / f"{name}.png").stat().st_size < 30_000
        with Image.open(pages.THUMBNAILS / f"{name}.png") as kept:
            new = pages.thumbnail(pages.PICTURES / f"{name}.png")
            assert kept.size == new.size
            away = np.abs(np.subtract(kept.convert("RGB"), new, dtype=float)).mean()
        assert away < 4, f"run python docs/protocol_pages.py ({name})"


def test_every_kept_run_has_a_protocol():
    names = {path.stem for path in tool("protocol_pages").PROTOCOLS}
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        kept = json.loads(path.read_text())
        assert "findings" not in kept or kept["protocol"] in names, path.name


def test_keep_takes_over_findings_and_their_command(tmp_path, monkeypatch):
    config = {
        "protocol": "plv",
        "command": "horn-neuro plv --out x/y --fast --resume",
        "versions": {},
    }
    found = {"spread": Estimate(0.5, 0.4, 0.6, n=5), "undefined": Estimate(float("nan"))}
    raw = {"short": [1, 2], "long": list(range(10_000))}
    run = RunFolder(tmp_path / "run")
    run.save_json("results.json", {"answer": ["It does."], "findings": found, **raw})
    run.save_json("config.json", {**config, "options": {}})
    (tmp_path / "run" / "figures").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "run" / "figures" / "spread.png")
    keep = tool("keep")
    monkeypatch.setattr(keep, "ROOT", tmp_path)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    pictures = tmp_path / "docs" / "pictures"
    pictures.mkdir(parents=True)
    (pictures / "captions.json").write_text('{"waves": "?"}')
    shown = {"Spread": (tmp_path / "run" / "figures" / "spread.png", "Is it < 1?")}
    write_report(tmp_path / "run" / "report.html", "", [], shown, {}, {})
    kept = json.loads(keep.keep(tmp_path / "run", "here", "spread").read_text())
    assert kept == kept | config | {"command": "horn-neuro plv --fast"}
    assert kept["answer"] == ["It does."]
    assert kept["findings"]["spread"] == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 5}
    assert kept["findings"]["undefined"] == {"value": None}
    assert kept["short"] == [1, 2]
    assert "long" not in kept
    with Image.open(tmp_path / "docs" / "pictures" / "plv.png") as picture:
        assert picture.size == (30, 20)
    captions = json.loads((pictures / "captions.json").read_text())
    assert captions == {"plv": "Is it < 1?", "waves": "?"}
    pages = tool("protocol_pages")
    assert pages.as_text(kept["findings"]["spread"]) == "0.50 [0.40, 0.60] (n = 5)"
    assert pages.as_text(kept["findings"]["undefined"]) == ""


def test_runs_are_in_the_order_of_their_numbers():
    names = ["plv_seeds_11_to_20", "plv_seeds_2_to_9", "plv"]
    assert sorted(names, key=tool("protocol_pages").natural) == names[::-1]


def test_everything_public_is_in_the_reference():
    pages = {path.stem: path.read_text().split() for path in (ROOT / "docs" / "api").glob("*.rst")}
    rooms = {name: getattr(hn, name) for name in hn.__all__ if inspect.ismodule(getattr(hn, name))}
    assert {"analysis", "experiment", "parameters", "simulator", "twin"} <= set(rooms)
    words = {word for page in pages.values() for word in page}
    missing = [
        f"{room}.{n}" for room, module in rooms.items() for n in module.__all__ if n not in words
    ]
    assert missing == []
    assert [name for name in hn.__all__ if name not in words and name not in rooms] == []


def test_everything_public_has_an_example():
    """tests/test_architecture.py runs them."""
    rooms = [name for name in hn.__all__ if inspect.ismodule(getattr(hn, name))]
    lacking, count = [], 0
    for room in (hn, *(getattr(hn, name) for name in rooms)):
        for name in room.__all__:
            value = getattr(room, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                count += 1
                if "\nExamples\n--------\n" not in inspect.getdoc(value):
                    lacking.append(f"{room.__name__}.{name}")
    assert count > 180
    assert lacking == []


def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", tmp_path / "trees"]
    done = subprocess.run(
        [*command, ROOT / "docs", tmp_path / "html"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pages = {path.stem: path.read_text() for path in (tmp_path / "html").rglob("*.html")}
    first = (tmp_path / "html" / "index.html").read_text()
    assert "hn.network(weights" in re.sub(r"<[^>]+>", "", first)
    # Python's words on the type of a constant:
    assert [name for name, text in pages.items() if "Built-in immutable" in text] == []
    link = 'HornParameters.html#horn_neuro.parameters.HornParameters"'
    assert link in pages["horn_neuro.twin.HornNetwork"]
