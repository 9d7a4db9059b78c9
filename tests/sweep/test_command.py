import inspect
import pkgutil

import horn_neuro.protocols
import pytest

from horn_neuro.experiment.command import find_experiment
from horn_neuro.sweep import command, sweep


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the command line asks the sweep for, whose result it cannot tell of here."""

    def ask(*words):
        given = {}
        monkeypatch.setattr(
            command, "sweep", lambda cls, over, **rest: given.update(rest, over=over)
        )
        with pytest.raises(AttributeError, match="failed"):
            command.run_sweep(find_experiment, [*words, "--out", str(tmp_path)])
        return given

    return ask


def test_a_value_of_a_list_option_is_a_list(asked):
    words = ["train_smnist", "--over", "omega=0.1 0.3,0.05 1", "--over", "gamma=0.01,0.02"]
    given = asked(*words, "--seeds", "1", "2")
    assert given["over"] == {"omega": [[0.1, 0.3], [0.05, 1.0]], "gamma": [0.01, 0.02]}
    assert given["seeds"] == [1, 2]
    assert asked("train_smnist", "--over", "seeds=1,2")["over"] == {"seeds": [[1], [2]]}


def test_a_value_of_another_type_is_refused(tmp_path):
    words = ["train_smnist", "--over", "omega=0.1 0.3,0.1 high", "--out", str(tmp_path / "new")]
    with pytest.raises(SystemExit, match="omega = '0.1 high': give a value of type float"):
        command.run_sweep(find_experiment, words)
    assert not (tmp_path / "new").exists()


def test_an_argument_may_be_named_as_the_task_is():
    def length(over, task):
        return len(over + task)

    found = sweep(length, [{"over": "a"}], task="bc", jobs=1, progress=False)
    assert found.table["value"].tolist() == [3]


def test_no_option_of_an_experiment_is_named_as_one_of_the_sweep():
    own = set(inspect.signature(sweep).parameters) - {"task", "over", "seeds", "fixed"}
    for module in pkgutil.iter_modules(horn_neuro.protocols.__path__):
        assert not own & set(find_experiment(module.name).options()), module.name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--over", "nothing=1"], "over = 'nothing=1': give NAME=VALUE,VALUE, of .*batch"),
        (["--over", "batch"], "over = 'batch': give NAME=VALUE,VALUE, of .*batch"),
        (["--over", "batch="], "over: batch = '': give a value of type int"),
        (["--over", "batch=0,8"], "batch = 0"),
        (["--over", "batch=8,8"], "the row {'batch': 8} comes twice; give each once"),
        (["--over", "batch=8", "--batch", "4"], "batch: it is swept over, and given as"),
        (["--over", "batch=8", "--resume"], "no sweep to resume in .*; start without resume"),
        (["--over", "batch=8", "--dask", "a", "--slurm", "2"], "dask would overrule slurm"),
        (["--over", "batch=8", "--memory", "0"], "memory = 0"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_runs(words, message, tmp_path):
    with pytest.raises(SystemExit, match=f"^sweep: .*{message}"):
        command.run_sweep(find_experiment, ["train_smnist", *words, "--out", str(tmp_path / "new")])
    assert not (tmp_path / "new").exists()
