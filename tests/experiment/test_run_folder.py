import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from horn_neuro.experiment import RunFolder, load_results


def test_files_are_complete_or_absent(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.save_json("config.json", {"a": 1, "b": np.arange(2), "path": tmp_path})
    stored = load_results(tmp_path / "run" / "config.json")
    assert stored == {"a": 1, "b": [0, 1], "path": str(tmp_path)}

    def write_half():
        with folder.file("results.nc") as path:
            path.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_a_folder_with_results_is_refused(tmp_path):
    (tmp_path / "report.html").write_text("earlier")
    with pytest.raises(FileExistsError, match="not empty; choose a new one with --out"):
        RunFolder(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot be written .*choose another with --out"):
        RunFolder(tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        RunFolder(tmp_path / "run")


def test_an_empty_folder_is_removed_and_one_with_pieces_kept(tmp_path):
    folder = RunFolder(tmp_path / "empty")
    folder.close(False)
    assert not (tmp_path / "empty").exists()
    folder = RunFolder(tmp_path / "begun")
    folder.keep("one", lambda: 1, {})
    folder.close(False)
    assert (tmp_path / "begun" / "parts" / "one.pickle").is_file()


def test_pieces_are_made_once(tmp_path):
    options = {"seeds": (1, 2), "path": tmp_path}
    first = RunFolder(tmp_path / "run").keep("a", lambda: {"x": np.arange(3.0)}, options)
    again = RunFolder(tmp_path / "run", options)
    kept = again.keep("a", lambda: pytest.fail("made twice"), options)
    np.testing.assert_array_equal(kept["x"], first["x"])
    assert again.keep("b", lambda: "new", options) == "new"
    again.close(True)
    assert not (tmp_path / "run").exists()  # nothing else was in it


def test_resuming_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing to resume in"):
        RunFolder(tmp_path / "run", {"seeds": (1, 2)})
    RunFolder(tmp_path / "run").keep("a", lambda: 1, {"seeds": (1, 2)})
    with pytest.raises(
        ValueError, match=r"begun with seeds = \[1, 2\], not \[1, 3\]; give the same"
    ):
        RunFolder(tmp_path / "run", {"seeds": (1, 3)})


def test_a_folder_is_of_one_run(tmp_path):
    """It is so from the start, and until the run has ended or died."""
    first = RunFolder(tmp_path / "run")
    with pytest.raises(FileExistsError, match=r"another run is writing to .*; choose a new one"):
        RunFolder(tmp_path / "run")
    first.keep("a", lambda: 1, {"seed": 1})
    with pytest.raises(FileExistsError, match="another run is writing"):
        RunFolder(tmp_path / "run", {"seed": 1})
    first.close(False)
    assert RunFolder(tmp_path / "run", {"seed": 1}).keep("a", None, {"seed": 1}) == 1


def test_a_killed_run_leaves_its_folder_to_the_next(tmp_path):
    code = (
        "import os, signal, sys\n"
        "from horn_neuro.experiment import RunFolder\n"
        "RunFolder(sys.argv[1]).keep('a', lambda: 1, {'seed': 1})\n"
        "folder = RunFolder(sys.argv[1], {'seed': 1})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "run"])
    assert done.returncode == -signal.SIGKILL
    assert RunFolder(tmp_path / "run", {"seed": 1}).keep("a", None, {"seed": 1}) == 1


def test_processes_that_start_at_once_do_not_share_a_folder(tmp_path):
    code = (
        "import sys\n"
        "from horn_neuro.experiment import RunFolder\n"
        "input()\n"
        "try:\n    folder = RunFolder(sys.argv[1])\n"
        "except FileExistsError:\n    print('refused', flush=True)\n"
        "else:\n    print('has it', flush=True)\n    input()\n"
    )
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for job in jobs:
        job.stdin.write("\n")
        job.stdin.flush()
    said = sorted(job.stdout.readline() for job in jobs)
    for job in jobs:
        job.communicate("\n" if job.poll() is None else None)
    assert said == ["has it\n", "refused\n", "refused\n"]


@pytest.mark.parametrize("variable", ["RANK", "LOCAL_RANK", "SLURM_PROCID"])
def test_processes_of_one_run_share_its_folder(tmp_path, monkeypatch, variable):
    first = RunFolder(tmp_path / "run")
    monkeypatch.setenv(variable, "1")
    assert RunFolder(tmp_path / "run").path == first.path


def test_files_keep_links_and_permissions(tmp_path):
    from horn_neuro._files import atomic_path

    def write(path, text):
        with atomic_path(path) as temporary:
            temporary.write_text(text)

    target, link = tmp_path / "disk" / "large.txt", tmp_path / "latest.txt"
    target.parent.mkdir()
    umask = os.umask(0o027)
    try:
        write(target, "first")
    finally:
        os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o640
    target.chmod(0o604)
    link.symlink_to(target)
    write(link, "second")
    assert link.is_symlink()
    assert target.read_text() == "second"
    assert target.stat().st_mode & 0o777 == 0o604
    assert len(list(tmp_path.iterdir())) == 2
    assert len(list(target.parent.iterdir())) == 1
