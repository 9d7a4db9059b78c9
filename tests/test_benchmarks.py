"""The benchmarks of a GPU, as far as it goes without one, and of waves."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def gpu():
    """The script as a module, and those beside it under their names."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        import gpu

        yield gpu
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.fixture
def clock(gpu, monkeypatch):
    """A clock that is never noisy: half a second to start, and 10 us a step."""

    def seconds(calls, repeats):
        for call in calls.values():
            call()
        return {steps: 0.5 + 1e-5 * steps for steps in calls}

    monkeypatch.setattr(sys.modules["gpu_steps"], "interleaved", seconds)


def assert_measured(row, *names):
    assert row["skipped"] is None
    assert all(np.isfinite(row[name]) and row[name] > 0 for name in names)


def test_without_a_gpu_it_says_so(gpu, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu, "cuda_problem", lambda: "no NVIDIA GPU: plug one in")
    monkeypatch.setattr(gpu, "RESULT", tmp_path / "results" / "gpu.json")
    assert gpu.main([]) == 2
    assert "no NVIDIA GPU: plug one in" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("variant", ["plain", "recorded", "delayed", "float32"])
def test_the_loop_is_the_same_model(gpu, variant):
    case = gpu.Case(5, 3, variant)
    found, expected = (case.call(way, 40)() for way in ("torch cpu", "numpy"))
    tolerance = 1e-4 if variant == "float32" else 1e-10
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


def test_steps_are_timed(gpu, clock):
    rows = gpu.step_rows([gpu.Case(4, 2, "recorded")], ("torch cpu", "numpy"), {}, 100.0, 2)
    json.dumps(rows)
    assert [row["way"] for row in rows] == ["torch cpu", "numpy"]
    for row in rows:
        assert_measured(row, "microseconds")
        assert row["microseconds"] == pytest.approx(10)
        assert row["start_seconds"] == pytest.approx(0.5)
        assert row["steps"][1] == 11 * row["steps"][0] > 0
        assert row["memory_mib"] >= 0
    assert rows[1]["difference"] <= 1e-10
    rows = gpu.step_rows([gpu.Case(4, 2, "kicked")], ("torch cpu",), {}, 100.0)
    assert rows[0]["skipped"] == "not in the loop"


@pytest.mark.compiler
def test_compiled_steps_are_timed(gpu, clock, monkeypatch):
    """What is compiled beforehand, by a process of its own, is what is timed."""
    case, ways = gpu.Case(16, 50, "plain"), ("torch cpu", "cpp")
    commands = gpu.compilations([case], ways)
    assert list(commands) == [(case, "cpp")]
    compiled = gpu.run_all(commands, 200.0, 1)
    assert compiled[case, "cpp"][0] == 0
    from horn_neuro.simulator import standalone

    monkeypatch.setattr(standalone, "_compile", None)
    rows = gpu.step_rows([case], ways, compiled, 100.0)
    assert_measured(rows[1], "microseconds", "start_seconds")


def test_a_device_that_computes_something_else_is_not_timed(gpu, monkeypatch):
    right = gpu.Case.simulation
    monkeypatch.setattr(
        gpu.Case, "simulation", lambda *args: lambda: right(*args)() * np.float64(1 + 1e-9)
    )
    row = gpu.step_rows([gpu.Case(4, 2, "plain")], ("torch cpu", "numpy"), {}, 100.0, 1)[1]
    assert row["skipped"] == "differs from torch cpu"
    assert row["difference"] == pytest.approx(1e-9, rel=1e-3)
    assert row["microseconds"] is None


def test_a_device_that_fails_says_why(gpu, monkeypatch):
    def fail(*args):
        raise RuntimeError("out of memory\nat line 3")

    monkeypatch.setattr(gpu.Case, "simulation", fail)
    case = gpu.Case(4, 2, "kicked")
    assert gpu.step_rows([case], ("numpy",), {}, 100.0)[0]["skipped"] == "out of memory"
    compiled = {(case, "cpp"): (1, 2.0, "make: ...\nnvcc: no such option\n")}
    assert gpu.step_rows([case], ("cpp",), compiled, 100.0)[0]["skipped"] == "nvcc: no such option"


def test_what_does_not_fit_is_left_out(gpu):
    assert gpu.Case(4096, 1024, "plain").lengths("cpp") == "time"
    assert gpu.Case(4096, 1024, "recorded").lengths("cuda") == "memory"
    assert gpu.Case(32, 1, "plain").lengths("cuda") == (1000, 11000)
    assert gpu.Case(512, 64, "delayed").lengths("cpp") == (10, 110)
    short, long = gpu.Case(1024, 1024, "recorded").lengths("cuda")
    assert 5 <= short < 1000
    assert 16 * 1024**2 * long <= 2**31
    case = gpu.Case(4, 2, "plain")
    assert gpu.step_rows([case], ("numpy",), {}, 0.0)[0]["skipped"] == "time"
    unfinished = {(case, "cpp"): (None, 9.0, "")}
    assert gpu.step_rows([case], ("cpp",), unfinished, 100.0)[0]["skipped"] == "time"
    rows = gpu.training_rows("cpu", ((4, 2),), -1.0, ("reference", "analytic"), 8)
    assert [row["skipped"] for row in rows] == ["time", "time"]


def test_the_speed_of_the_device_decides_how_many_steps_are_timed(gpu, monkeypatch):
    gpu_cases = sys.modules["gpu_cases"]
    case, guess = gpu.Case(1024, 1024, "plain"), {"cpu": (2e-5, 1.0, 1.0)}
    monkeypatch.setattr(gpu_cases, "GUESS", guess)
    assert case.lengths("cpu") == "time"
    gpu.calibrate("cpu", 64)
    assert guess["cpu"] == guess["torch cpu"]
    assert guess["cpu"][0] == 2e-5
    assert 0 < guess["cpu"][1] < 1e-6
    assert 0 < guess["cpu"][2] < 1e-6


def test_training_is_timed(gpu):
    backends = ("reference", "analytic", "cuda_graph")
    rows = gpu.training_rows("cpu", ((4, 3), (6, 2)), 100.0, backends, 12, 1)
    assert [(row["n"], row["backend"]) for row in rows] == [
        (n, backend) for n in (4, 6) for backend in backends
    ]
    json.dumps(rows)
    for row in rows:
        assert_measured(row, "sequences_per_second")
        assert (row["difference"] is None) == (row["backend"] == "reference")
        assert (row["difference"] or 0.0) <= 1e-4


def test_tests_are_counted(gpu, tmp_path):
    """Those that pass, fail and are skipped, and those that time ends."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = some\n")
    start = "import time, pytest\npytestmark = pytest.mark.some\n"
    quick, slow, broken, other = (tmp_path / f"test_{k}.py" for k in range(4))
    quick.write_text(
        f"{start}@pytest.mark.parametrize('a', ['x y', 'z'])\ndef test_a(a): assert a == 'z'\n"
        "def test_b(): pytest.skip('no')\n"
    )
    slow.write_text(f"{start}def test_c(): pass\ndef test_d(): time.sleep(60)\n")
    broken.write_text("import nowhere_to_be_found\n")
    other.write_text("def test_e(): assert False\n")
    tests = gpu.run_tests([quick, slow, broken, other], "some", 15.0, 2)
    assert {name: tests[name] for name in ("passed", "failed", "skipped", "remained")} == {
        "passed": 2,
        "failed": 2,
        "skipped": 1,
        "remained": 1,
    }
    assert tests["failures"][0].endswith("test_0.py::test_a[x y]")
    assert str(broken) in tests["failures"][1]
    assert tests["unfinished"] == [slow.name]


@pytest.mark.parametrize("bad", ["nothing", "a test", "a number"])
def test_all_is_written_in_one_file(gpu, monkeypatch, tmp_path, bad):
    """And the exit status says whether all tests passed and all numbers agreed."""
    row = {"skipped": "differs from torch cpu" if bad == "a number" else None}
    tests = {"passed": 3, "failed": int(bad == "a test")}
    for name, value in {
        "cuda_problem": None,
        "calibrate": None,
        "describe": {"card": {"name": "A card"}},
        "run_tests": tests,
        "run_all": {"native": (0, 1.0, "")},
        "step_rows": [row],
        "training_rows": [],
    }.items():
        monkeypatch.setattr(gpu, name, lambda *args, value=value: value)
    monkeypatch.setattr(gpu, "RESULT", tmp_path / "results" / "gpu.json")
    assert gpu.main([]) == (0 if bad == "nothing" else 1)
    written = json.loads(gpu.RESULT.read_text())
    assert written["seconds"] >= 0
    assert written["card"] == {"name": "A card"}
    assert (written["tests"], written["steps"], written["training"]) == (tests, [row], [])


@pytest.fixture
def waves(gpu):
    sys.path.insert(0, str(FOLDER))
    try:
        import waves

        yield waves
    finally:
        sys.path.remove(str(FOLDER))
        del sys.modules["waves"]


@pytest.mark.parametrize("far", [0, 2])
def test_the_loop_over_a_sheet_is_the_same_model(waves, far):
    params = waves.sheet(6, far)
    params = params.replace(w_rec=10 * params.w_rec)
    assert {7, 10} <= set(params.delays.data.tolist())
    assert params.max_delay == (10 if far == 0 else 30)
    found = waves.final("numpy", params, waves.pulse(60))
    expected = waves.final("loop", params, waves.pulse(60))
    assert np.abs(found - expected).max() <= 1e-10 * np.abs(expected).max()
    unheard = waves.sparse_loop(params.replace(w_rec=0 * params.w_rec), waves.pulse(60))
    assert np.abs(unheard - expected).max() > 1e-3 * np.abs(expected).max()


def test_waves_are_written_in_one_file_and_a_page(waves, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(waves, "SIDES", (4, 8))
    monkeypatch.setattr(waves, "FAR", (8, 1))
    monkeypatch.setattr(waves, "STEPS", 60)
    monkeypatch.setattr(waves, "WAYS", ("numpy", "loop"))
    monkeypatch.setattr(waves, "RESULT", tmp_path / "results" / "waves_speed.json")
    monkeypatch.setattr(waves, "PAGE", tmp_path / "waves.md")
    monkeypatch.setattr(waves, "peak", lambda script, way, side, far: 10.0 + side)

    def seconds(calls, repeats, clock):
        for call in calls.values():
            call()
        return {"numpy": 0.5, "loop": 0.25}

    monkeypatch.setattr(waves, "interleaved", seconds)
    waves.main([])
    written = json.loads(waves.RESULT.read_text())
    assert [row["connections"] for row in written["rows"]] == [8 * 16, 8 * 64, 9 * 64]
    assert all(row["difference"] <= 1e-10 for row in written["rows"])
    assert written["exponents"]["loop, seconds"] == pytest.approx(0)
    text = waves.PAGE.read_text()
    assert "| 8 x 8 | 512 |" in text
    assert "| 0.5 | 0.25 | 2.00 |" in text
    assert text.strip() in capsys.readouterr().out


def test_exponents_are_slopes(waves):
    rows = [
        {
            "units": n,
            "far": 0,
            "making": 3 * n**1.5,
            "seconds": dict.fromkeys(waves.WAYS, 3 * n**1.5),
            "mib": {**dict.fromkeys(waves.WAYS, 3 * n**1.5), "loop": 7 + n},
        }
        for n in (1, 100, 200, 400)
    ]
    found = waves.exponents([*rows, {**rows[0], "far": 2}])
    assert found["cpp, seconds"] == found["making"] == pytest.approx(1.5)
    assert found["loop, memory"] == pytest.approx(1, abs=0.02)


@pytest.fixture
def vowels(gpu):
    sys.path.insert(0, str(FOLDER))
    try:
        import japanese_vowels

        yield japanese_vowels
    finally:
        sys.path.remove(str(FOLDER))
        del sys.modules["japanese_vowels"]


def test_both_networks_of_vowels_learn_from_the_same_utterances(vowels, monkeypatch):
    """Standardized alike, and divided alike into those to train with and those to validate."""
    learning = vowels.hn.datasets.load("japanese_vowels")
    tasks = []

    def train(model, task, config, *args, **kwargs):
        tasks.append((task.inputs, task.labels, task.lengths, *task.split(config.seed)))
        raise InterruptedError

    from horn_neuro.twin import estimators

    monkeypatch.setattr(vowels, "train", train)
    monkeypatch.setattr(estimators, "train", train)
    for run in vowels.MODELS.values():
        with pytest.raises(InterruptedError):
            run(learning, learning[:5], 3, epochs=2, learning_rate=0.1)
    (inputs, *parts), (others, *other_parts) = tasks
    lengths = learning.lengths[:, None]
    inside = np.arange(inputs.shape[1]) < lengths
    np.testing.assert_allclose(inputs[inside], others[inside], atol=1e-6)
    for part, other in zip(parts, other_parts, strict=True):
        np.testing.assert_array_equal(part, other)
    assert len(parts[3]) == 54


def test_vowels_are_measured_and_told(vowels):
    small = {"grid": {"learning_rate": (3e-2,), "epochs": (1,)}, "choosing": (1,), "sets": [(2, 3)]}
    result = vowels.measure(**small)
    assert result["units"] == {"oscillators": 32, "gru": 17}
    assert result["parameters"] == {"oscillators": 1769, "gru": 1743}
    accuracy = result["sets"][0]["accuracy"]
    assert all(100 / 9 < value <= 100 for values in accuracy.values() for value in values)
    assert accuracy["oscillators"] != accuracy["gru"]


def test_the_page_of_vowels_is_that_of_the_kept_result(vowels):
    result = json.loads(vowels.RESULT.read_text())
    assert vowels.PAGE.read_text() == vowels.page(result)
    for name, table in result["search"].items():
        best = max(table, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
        assert result["chosen"][name].items() <= best.items()
    seeds = [seed for one in result["sets"] for seed in one["seeds"]]
    assert len(set(seeds) | set(result["choosing"])) == 23
