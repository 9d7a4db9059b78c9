"""What a code host would run is what .ci/run does, on every Python and system that is promised."""

import configparser
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
WORKFLOW = yaml.load(TEXT, Loader=yaml.BaseLoader)  # all strings: 3.10 is not 3.1, and on no bool
JOBS = WORKFLOW["jobs"]


@pytest.fixture(scope="module")
def metadata():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def promised(metadata, start):
    """Return what classifiers say after `start`, as list of str."""
    lines = metadata["metadata"]["classifiers"].splitlines()
    return [line.split(" :: ")[-1] for line in lines if line.startswith(start)]


def test_every_job_runs_all_promised_pythons(metadata):
    pythons = promised(metadata, "Programming Language :: Python :: 3.")
    assert pythons == ["3.11", "3.12", "3.13"]
    assert metadata["options"]["python_requires"] == f">={pythons[0]}"
    for job in JOBS.values():
        assert job["strategy"]["matrix"]["python"] == pythons
        given = [step["with"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
        assert given == [{"python-version": "${{ matrix.python }}"}]


def test_every_promised_python_has_its_brian2_and_numpy(metadata):
    """Exactly one line each, whatever the Python."""
    wanted = metadata["options"]["install_requires"].splitlines()
    for python in promised(metadata, "Programming Language :: Python :: 3."):
        for name in ("brian2", "numpy"):
            lines = [line for line in wanted if re.match(rf"{name}\b", line)]
            assert len(lines) > 1
            holds = [m for m in lines if Requirement(m).marker.evaluate({"python_version": python})]
            assert len(holds) == 1, (python, name)


def test_the_suite_runs_on_all_promised_systems(metadata):
    systems = promised(metadata, "Operating System ::")
    assert sorted(systems) == ["Linux", "MacOS"]
    assert JOBS["suite"]["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest"]
    assert all(job["runs-on"] == "${{ matrix.os }}" for job in JOBS.values())


def test_commands_are_those_of_ci():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line.strip() for line in lines if "pytest" in line]
    assert [job["steps"][-1]["run"] for job in JOBS.values()] == commands
    for job, command in zip(JOBS.values(), commands, strict=True):
        # Before that, into the same environment, what is not to be CUDA's.
        start, place = re.match(r"(python3 -m venv (\S+) && )", command).groups()
        assert job["steps"][-2]["run"].startswith(start)
        assert f"--python {place} --torch-backend cpu ." in job["steps"][-2]["run"]


def test_steps_are_of_well_known_names_and_may_read_only():
    used = {step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step}
    assert {re.fullmatch(r"(actions/[a-z-]+)@v\d+", name)[1] for name in used} == {
        "actions/checkout",
        "actions/setup-python",
    }
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert set(WORKFLOW["on"]) == {"push", "pull_request"}
    assert "://" not in TEXT
