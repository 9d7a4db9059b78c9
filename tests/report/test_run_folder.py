import json
import os

import pytest

from horn_neuro.report import RunFolder


def test_files_are_complete_or_absent(tmp_path):
    folder = RunFolder(tmp_path / "run", "test")
    folder.save_json("config.json", {"a": 1})
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == {"a": 1}

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
        RunFolder(tmp_path, "test")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot be written .*choose another with --out"):
        RunFolder(tmp_path / "file" / "run", "test")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        RunFolder(tmp_path / "run", "test")


def test_the_default_name_has_protocol_and_date(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RunFolder(None, "test").path.name.startswith("test-20")
