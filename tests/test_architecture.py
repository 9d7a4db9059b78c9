"""The house rules: who imports whom, what importing costs, how the code looks."""

import configparser
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def run(tool, *arguments):
    """Run a tool of this Python's environment at the root of the checkout."""
    return subprocess.run(
        [Path(sys.executable).parent / tool, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_data_flows_one_way():
    done = run("lint-imports", "--config", "setup.cfg", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    done = run("ruff", *command, "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_is_light():
    code = (
        "import sys, horn_neuro as hn\n"
        "assert not {'brian2', 'torch', 'mne', 'xarray', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "hn.effenberger_2025(4, seed=1)\n"
        "assert not {'brian2', 'torch', 'mne', 'xarray'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_exists_and_is_documented():
    import horn_neuro as hn

    rooms = [name for name in hn.__all__ if inspect.ismodule(getattr(hn, name))]
    assert {"analysis", "experiment", "parameters", "simulator", "twin"} <= set(rooms)
    for room in ("", *rooms):
        module = getattr(hn, room) if room else hn
        for name in module.__all__:
            value = getattr(module, name)
            assert value.__doc__ or isinstance(value, tuple), f"{room}.{name}"


def test_no_module_is_named_like_what_is_in_it():
    """Such a name makes lazy_loader exchange the package's class, and nothing of it pickles."""
    for package in sorted((ROOT / "horn_neuro").glob("*/__init__.py")):
        room = importlib.import_module(f"horn_neuro.{package.parent.name}")
        for name in room.__all__:
            getattr(room, name)
        assert type(room) is type(sys), room
    import horn_neuro

    assert type(horn_neuro) is type(sys)


WITH_EXAMPLES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text().count(">>> ")
    for path in sorted((ROOT / "horn_neuro").rglob("*.py"))
    if ">>> " in path.read_text()
}


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_docstring_examples(module):
    result = doctest.testmod(importlib.import_module(module))
    assert (result.failed, result.attempted) == (0, WITH_EXAMPLES[module])


def test_every_data_file_is_installed():
    """A checkout has all files; an installation has those that setup.cfg names."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    patterns = [p.strip() for p in config["options.package_data"]["*"].split(",")]
    files = [
        path
        for path in (ROOT / "horn_neuro").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    packages = {path.parent for path in (ROOT / "horn_neuro").rglob("__init__.py")}
    installed = {file for package in packages for p in patterns for file in package.glob(p)}
    assert len(files) >= 5
    assert set(files) <= installed


def test_the_version_is_one():
    import horn_neuro as hn

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == hn.__version__
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    newest = next(line for line in lines if line.startswith("## "))
    assert newest == f"## {hn.__version__} ({citation['date-released']})"
    (paper,) = citation["references"]
    assert paper["doi"] == hn.effenberger_2025(2, seed=1).provenance["doi"]


def test_ci_runs_what_the_readme_says():
    commands = [
        line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines() if "pytest" in line
    ]
    readme = (ROOT / "README.md").read_text().splitlines()
    assert len(commands) == 2
    assert [line for line in readme if "python -m pytest" in line] == commands


def test_every_package_is_installed_and_protocols_too():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    folders = {path.parent for path in (ROOT / "horn_neuro").rglob("__init__.py")}
    rooms = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert named == rooms | {"horn_neuro.protocols"}
    assert config["options"]["package_dir"].split() == ["horn_neuro.protocols", "=", "protocols"]
