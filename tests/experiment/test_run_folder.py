import json
import os

import numpy as np
import pytest

from horn_neuro.experiment import RunFolder


def test_files_are_complete_or_absent(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.save_json("config.json", {"a": 1, "b": np.arange(2), "path": tmp_path})
    stored = json.loads((tmp_path / "run" / "config.json").read_text())
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
    assert (tmp_path / "begun" / "parts" / "one.joblib").is_file()


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
