"""What every protocol owes its reader: an answer, numbers, figures, and how it came about."""

import base64
import html
import json
import re
import sys
from pathlib import Path

import pytest

import horn_neuro as hn

from .conftest import NAMES


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_leaves_everything_in_one_folder(name, fast):
    done = fast(name)
    names = {path.name for path in done.folder.iterdir()}
    assert {"report.html", "results.json", "config.json", "figures"} <= names
    assert "parts" not in names
    results = json.loads((done.folder / "results.json").read_text())
    assert results["answer"] == done.findings.answer
    assert set(results["findings"]) == set(done.findings.rows)
    for finding in results["findings"].values():
        assert isinstance(finding["value"], float)
    config = json.loads((done.folder / "config.json").read_text())
    assert config["protocol"] == name
    assert config["options"] == json.loads(json.dumps(done.run.values))
    assert config["command"].startswith(f"{type(done.run).__name__}.run(size='fast'")
    if "source" in done.run.values:
        assert config["digits"]["source"].startswith("embedded")
    assert config["versions"]["horn_neuro"] == hn.__version__
    simulates = "device" in done.run.values and name != "train_smnist"  # where torch computes
    assert {"numpy", "brian2" if simulates else "torch"} <= set(config["versions"])


def test_the_report_opens_with_the_answer_and_shows_the_files(name, fast):
    done = fast(name)
    page = (done.folder / "report.html").read_text()
    sentences = [html.escape(sentence) for sentence in done.findings.answer]
    places = [page.index(sentence) for sentence in sentences]
    assert 1 <= len(places) <= 3
    assert places == sorted(places)
    shown = re.findall(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", page)
    pictures = {base64.b64decode(text) for text in shown}
    files = sorted((done.folder / "figures").glob("*.png"))
    assert 1 <= len(files) <= 5
    for file in files:
        assert file.read_bytes() in pictures, file.name
        assert places[-1] < page.index(f"figures/{file.stem}.svg")
        assert file.with_suffix(".svg").is_file()
    moving = re.findall(r"data:image/gif;base64,\s*([A-Za-z0-9+/=\s]+)", page)
    files = sorted((done.folder / "figures").glob("*.gif"))
    assert {base64.b64decode(text) for text in moving} == {file.read_bytes() for file in files}
    for file in files:
        assert f"figures/{file.name}" in page
    rows = [page.index(html.escape(row)) for row in done.findings.rows]
    assert min(rows) > max(page.index(text) for text in shown)
    assert page.index("<details>") > max(rows)


def test_every_caption_asks_a_question(name, fast):
    page = (fast(name).folder / "report.html").read_text()
    parts = re.split(r"data:image/png;base64,\s*[A-Za-z0-9+/=\s]+", page)
    figures = len(list((fast(name).folder / "figures").glob("*.png")))
    for caption in parts[-figures:]:
        assert "?" in re.sub(r"<[^>]*>", " ", caption)[:1500]


def test_its_file_is_a_story_of_300_lines(name, experiment):
    cls = experiment(name)
    text = Path(sys.modules[cls.__module__].__file__).read_text()
    assert text.count("\n") <= 300
    assert cls.title
    assert cls.takes.fast
    assert cls.takes.default
    assert text.index("def measure") < text.index("def findings") < text.index("def figures")
