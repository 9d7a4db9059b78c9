"""What pip gets is all that there is: an sdist like the checkout, and a wheel that runs alone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from horn_neuro import __version__

pytestmark = pytest.mark.xdist_group("packages")  # in one process, which builds once
ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])('..')"


def tracked():
    """Return the files of the checkout, or of the sdist in which this test runs, as set of str."""
    git = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        names = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        names = (ROOT / "horn_neuro.egg-info" / "SOURCES.txt").read_text().splitlines()
    return {name for name in names if (ROOT / name).is_file() and ".egg-info" not in name}


def run(*command, **kwargs):
    """Run a command; where it fails, say what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist of the checkout, unpacked, and the wheel that is built from it."""
    place = tmp_path_factory.mktemp("built")
    copy = place / "copy"  # building leaves its files in the folder
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    run(sys.executable, "-c", BUILD, "build_sdist", cwd=copy)
    with tarfile.open(place / f"horn_neuro-{__version__}.tar.gz") as archive:
        archive.extractall(place, filter="data")
    source = place / f"horn_neuro-{__version__}"
    run(sys.executable, "-c", BUILD, "build_wheel", cwd=source)
    return SimpleNamespace(source=source, wheel=next(place.glob("*.whl")))


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """Programs of a new environment with the wheel; what it stands on is that of the tests."""
    place = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", place)
    # Before there are others: where the tests have installed the package, pip would be satisfied.
    pip = [sys.executable, "-m", "pip", "--python", place, "install", "--no-index", "--no-deps"]
    run(*pip, built.wheel)
    folder = place / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    others = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"  # after its own
    (folder / "others.pth").write_text(others)
    return place / "bin"


def test_the_sdist_has_every_file(built):
    files = {str(path.relative_to(built.source)) for path in built.source.rglob("*")}
    assert len(tracked()) > 300
    assert sorted(tracked() - files) == []


def test_the_wheel_has_the_package_and_nothing_else(built):
    names = {
        name.replace("protocols/", "horn_neuro/protocols/", 1) if name[0] == "p" else name
        for name in tracked()
        if name.startswith(("horn_neuro/", "protocols/"))
    }
    with zipfile.ZipFile(built.wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert inside == names


def test_a_protocol_runs_from_the_wheel(environment, tmp_path):
    code = "import horn_neuro; print(horn_neuro.__file__)"
    where = run(environment / "python", "-c", code, cwd=tmp_path)
    assert Path(where).is_relative_to(environment.parent)
    command = ["resonance", "--fast", "--device", "numpy", "--units", "8", "--out", "found"]
    answer = run(environment / "horn-neuro", *command, cwd=tmp_path)
    assert "found/report.html" in answer
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert {"report.html", "results.json", "config.json", "figures"} <= names


def test_the_tests_run_from_the_sdist(built, environment):
    """Those that need a room, the protocols, the documentation, the benchmarks and setup.cfg."""
    tests = [
        "tests/parameters/test_step.py",
        "tests/protocols/test_heterogeneity.py::test_too_many_digits_leave_no_folder",
        "tests/test_docs.py::test_pages_of_protocols_are_those_of_their_kept_results",
        "tests/test_architecture.py::test_every_package_is_installed_and_protocols_too",
        "tests/test_readme.py::test_every_protocol_is_named",
    ]
    said = run(environment / "python", "-m", "pytest", "-q", *tests, cwd=built.source)
    assert " passed" in said
    assert "skipped" not in said
