"""Every interval that docs/findings.md tells of a protocol is one of its kept runs."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NUMBER = r"-?\d+(?:\.\d+)?"
INTERVAL = re.compile(rf"({NUMBER}) \[({NUMBER}), ({NUMBER})\]")
PARAGRAPHS = {
    tuple(links): " ".join(paragraph.split())
    for paragraph in (ROOT / "docs" / "findings.md").read_text().split("\n\n")
    if (links := re.findall(r"\(protocols/(\w+)\.md\)", paragraph))
}


def kept(protocols):
    """Return value and ends of all kept estimates of protocols (list of tuple), and negated."""
    runs = map(json.loads, map(Path.read_text, (ROOT / "benchmarks" / "results").glob("*.json")))
    found = [
        of for run in runs if run.get("protocol") in protocols for of in run["findings"].values()
    ]
    ends = [
        (of["value"], of["low"], of["high"]) for of in found if of and of.get("low") is not None
    ]
    return ends + [(-value, -high, -low) for value, low, high in ends]


def rounds_to(values, told):
    """Whether values, at the told decimals, are the told ones."""
    pairs = zip(values, told, strict=True)
    return all(f"{value:z.{len(text.partition('.')[2])}f}" == text for value, text in pairs)


@pytest.mark.parametrize("protocols", PARAGRAPHS, ids="+".join)
def test_intervals_are_those_of_kept_runs(protocols):
    ends = kept(protocols)
    for told in INTERVAL.findall(PARAGRAPHS[protocols]):
        assert any(rounds_to(values, told) for values in ends), told


def test_there_are_many():
    assert sum(len(INTERVAL.findall(text)) for text in PARAGRAPHS.values()) > 25


def test_an_interval_of_nothing_is_found_out():
    assert not any(rounds_to(values, ("5.4", "2.5", "8.1")) for values in kept(("damping",)))
    assert any(rounds_to(values, ("5.3", "2.5", "8.1")) for values in kept(("damping",)))
