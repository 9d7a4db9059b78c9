"""Choosing devices, reusing binaries, and leaving Brian2 as it was."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro import _files, _toolchain
from horn_neuro.parameters import sparse_random
from horn_neuro.simulator import devices, memory, standalone
from horn_neuro.simulator.target import cpp_target
from horn_neuro.simulator.terms import Sizes, coupling_terms, kicked


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")


def test_without_a_compiler_auto_falls_back_and_says_so(no_compiler, params, monkeypatch):
    monkeypatch.setattr(devices, "LONG_JOB", 0.0)
    with pytest.warns(UserWarning, match=r"falls back to numpy: g\+\+ and make not found"):
        recording = hn.simulate(params, 10)
    assert recording.provenance["device"] == "numpy"


@pytest.mark.parametrize("device", ["cpp", "cython"])
def test_without_a_compiler_a_named_device_is_refused(no_compiler, params, device):
    with pytest.raises(RuntimeError, match=f"'{device}' needs a compiler.*apt install"):
        hn.simulate(params, 10, device=device)


def test_short_jobs_run_on_numpy(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    assert hn.simulate(params, 10).provenance["device"] == "numpy"


@pytest.mark.compiler
def test_auto_takes_cpp_for_long_jobs_and_compiled_networks(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(devices, "LONG_JOB", 0.0)
        assert hn.simulate(params, 11).provenance["device"] == "cpp"
    assert hn.simulate(params, 11).provenance["device"] == "cpp"
    assert hn.simulate(params, 12).provenance["device"] == "numpy"


@pytest.mark.compiler
def test_a_binary_is_used_again_for_other_values(params, monkeypatch):
    """Everything that is a value changes, and nothing is compiled."""
    rng = np.random.default_rng(1)
    delays = rng.integers(1, 4, (6, 6))
    delays[0, 0] = 3
    first = params.replace(delays=delays)
    options = {"device": "cpp", "every": 2}
    hn.simulate(first, 40, kicks=hn.PoissonKicks(10.0, 0.1), seed=1, **options)

    def compiled(*args):
        raise AssertionError("compiled again")

    monkeypatch.setattr(standalone, "_compile", compiled)
    second = hn.effenberger_2025(6, n_outputs=5, heterogeneous=True, seed=9)
    second = second.replace(delays=delays.T, h=0.8, w_rec=rng.normal(0, 1, (6, 6)))
    call = {
        "stimulus": rng.random((40, 1)),
        "initial": hn.State.random(1, 6, 0.3, rng),
        "kicks": hn.PoissonKicks(1000.0, 0.2, "signed"),
        "seed": 2,
    }
    assert hn.simulate(second, **call, **options).provenance["device"] == "cpp"
    with pytest.raises(AssertionError, match="compiled again"):
        hn.simulate(second.replace(delays=None), **call, **options)


@pytest.mark.compiler
def test_a_later_process_does_not_compile(params):
    kicks = hn.PoissonKicks(10.0, 0.1)
    here = hn.simulate(params, 33, kicks=kicks, seed=5, device="cpp")
    code = (
        "import sys, horn_neuro as hn\n"
        "from horn_neuro.simulator import standalone\n"
        "standalone._compile = None\n"
        "params = hn.effenberger_2025(6, n_outputs=3, heterogeneous=True, seed=1)\n"
        "rec = hn.simulate(params, 33, kicks=hn.PoissonKicks(10.0, 0.1), seed=5, device='cpp')\n"
        "assert 'brian2' not in sys.modules\n"
        "print(repr(rec.data['x'].values.sum().item()))\n"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(there.stdout) == here.data["x"].values.sum()


def test_what_all_programs_have_is_compiled_as_one(tmp_path):
    """Most of the time goes into headers, which are read once then."""
    common = "main.cpp network.cpp objects.cpp run.cpp synapses_classes.cpp"
    (tmp_path / "makefile").write_text(f"PROGRAM = main\nSRCS = code/a.cpp {common} odd.c\n")
    command = cpp_target().make(tmp_path)
    assert command[0] == "make"
    assert command[2:] == ["SRCS=together.cpp code/a.cpp odd.c", "DEPS="]
    included = (tmp_path / "together.cpp").read_text().splitlines()
    assert included == [f'#include "{name}"' for name in common.split()]


@pytest.mark.compiler
def test_a_failed_compilation_is_reported_and_leaves_nothing(params, monkeypatch, tmp_path):
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    monkeypatch.setattr(standalone, "_TAKE_SEED", "this is not C++;")
    with pytest.raises(RuntimeError, match="compiling the network failed"):
        hn.simulate(params, 10, device="cpp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.compiler
def test_values_that_do_not_fit_the_program_stop_it(params, monkeypatch):
    from horn_neuro.simulator.program import Program

    hn.simulate(params, 10, device="cpp")
    make_values = Program.values

    def wrong(self):
        values = make_values(self)
        return {**values, "horn.omega": values["horn.omega"][:-1]}

    monkeypatch.setattr(Program, "values", wrong)
    with pytest.raises(RuntimeError, match="horn.omega has 5 values instead of 6"):
        hn.simulate(params, 10, device="cpp")


@pytest.mark.changes_process
def test_brian2_is_left_as_it_was(device, params):
    import brian2
    from brian2.devices.device import get_device

    brian2.defaultclock.dt = 0.3 * brian2.ms
    np.random.seed(12)
    expected = np.random.RandomState(12).random(3)
    before = (get_device(), dict(brian2.prefs))
    try:
        hn.simulate(params, 10, kicks=hn.PoissonKicks(10.0, 0.1), device=device)
        assert (get_device(), dict(brian2.prefs)) == before
        assert brian2.defaultclock.dt == 0.3 * brian2.ms
        assert np.array_equal(np.random.random(3), expected)
    finally:
        brian2.defaultclock.dt = 0.1 * brian2.ms


def test_brian2_is_left_as_it_was_after_an_error(params, monkeypatch):
    import brian2
    from brian2.devices.device import get_device

    before = (get_device(), dict(brian2.prefs))
    monkeypatch.setitem(kicked._NEW_KICK, "fixed", "no such thing")
    with pytest.raises(Exception, match="Error encountered with object"):
        hn.simulate(params, 10, kicks=hn.PoissonKicks(10.0, 0.1, "fixed"), device="numpy")
    assert (get_device(), dict(brian2.prefs)) == before


@pytest.mark.compiler
def test_a_standalone_simulation_under_construction_is_not_touched(device, params):
    import brian2
    from brian2.devices.device import get_device, reset_device, set_device

    set_device("cpp_standalone", build_on_run=False)
    try:
        group = brian2.NeuronGroup(2, "v : 1", name="mine")
        arrays = set(get_device().arrays)
        hn.simulate(params, 10, device=device)
        assert get_device() is brian2.all_devices["cpp_standalone"]
        assert set(get_device().arrays) == arrays
        assert group.name == "mine"
    finally:
        get_device().reinit()
        reset_device()


def test_coupling_is_chosen_by_density():
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(60, seed=1)

    def chosen(w_rec):
        sizes = Sizes(60, 1, 1, 10, 1e-3)
        return coupling_terms(sizes, params.replace(w_rec=w_rec), "auto")[0].name

    assert chosen(params.w_rec) == "dense"
    assert chosen(sparse_random(60, 0.01, 1.0, rng)) == "sparse"
    # No connection at all: a value like any other of the dense network.
    assert chosen(np.zeros((60, 60))) == "dense"


@pytest.fixture
def blocked(tmp_path, monkeypatch):
    """A cache that nobody can write, not even root: there is a file in the way."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path / "file" / "cache"))


@pytest.mark.compiler
@pytest.mark.parametrize("device", ["cpp", "cython"])
def test_a_cache_that_cannot_be_written_is_told(blocked, params, device):
    with pytest.raises(RuntimeError, match=f"'{device}': .*cannot be written .*HORN_NEURO_CACHE"):
        hn.simulate(params, 10, device=device)


@pytest.mark.compiler
def test_auto_does_without_a_cache(blocked, params, monkeypatch):
    assert hn.simulate(params, 10).provenance["device"] == "numpy"
    monkeypatch.setattr(devices, "LONG_JOB", 0.0)
    with pytest.warns(UserWarning, match="falls back to numpy: .*HORN_NEURO_CACHE"):
        assert hn.simulate(params, 10).provenance["device"] == "numpy"


@pytest.mark.compiler
def test_cython_compiles_into_our_cache_without_a_home(tmp_path):
    (tmp_path / "file").touch()
    cache = tmp_path / "cache"
    code = (
        "import horn_neuro as hn\n"
        "hn.simulate(hn.effenberger_2025(2, seed=1), 10, device='cython')\n"
    )
    env = {"HORN_NEURO_CACHE": str(cache), "HOME": str(tmp_path / "file" / "home")}
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, check=True
    )
    (folder,) = cache.iterdir()
    assert folder.name.startswith("cython-")
    assert list(folder.glob("*.so"))


@pytest.mark.compiler
def test_a_cache_with_an_odd_name_works(params, monkeypatch, tmp_path):
    expected = hn.simulate(params, 10, device="numpy").data["x"]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HORN_NEURO_CACHE", "~/a #b's ~c=1 é")
    found = hn.simulate(params, 10, device="cpp").data["x"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == ["a #b's ~c=1 é"]


@pytest.fixture
def binary(params, monkeypatch, tmp_path):
    """The compiled network of ten steps, the only one in a cache of the test's own."""
    folders, place = [], standalone._project_folder
    with monkeypatch.context() as patch:
        patch.setattr(
            standalone, "_project_folder", lambda *of: folders.append(place(*of)) or folders[-1]
        )
        hn.simulate(params, 10, device="cpp")
    shutil.copytree(folders[-1], tmp_path / folders[-1].name)
    monkeypatch.setenv("HORN_NEURO_CACHE", str(tmp_path))
    return tmp_path / folders[-1].name / "main"


@pytest.mark.compiler
def test_what_is_missing_in_the_cache_is_compiled_again(params, binary):
    """Clusters delete files that nobody has read for long, one by one."""
    expected = hn.simulate(params, 10, device="cpp").data["x"]
    binary.unlink()
    found = hn.simulate(params, 10, device="cpp").data["x"]
    np.testing.assert_array_equal(found, expected)
    assert binary.is_file()


@pytest.mark.compiler
def test_a_binary_that_may_not_run_is_told(params, binary):
    binary.chmod(0o600)
    with pytest.raises(RuntimeError, match="cannot be started .*HORN_NEURO_CACHE"):
        hn.simulate(params, 10, device="cpp")


def test_a_compiler_that_does_not_work_is_told(params, monkeypatch):
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(RuntimeError, match="the compiler false does not work .*CXX"):
        hn.simulate(params, 10, device="cpp")


X86 = "processor\t: {}\nvendor_id\t: GenuineIntel\ncpu MHz\t: 2{}.5\nflags\t\t: fpu sse2 {}\n"
ARM = "processor\t: {}\nBogoMIPS\t: 2{}3.75\nFeatures\t: fp asimd {}\nCPU part\t: 0xd40\n"


@pytest.mark.parametrize("node", [X86, ARM])
def test_processors_are_told_apart_and_cores_are_not(node, monkeypatch):
    def described(text):
        monkeypatch.setattr(Path, "read_text", lambda self: text)
        _toolchain.processor.cache_clear()
        return _toolchain.processor()

    try:
        old, same, new = (
            described(node.format(*x)) for x in ((0, 1, "a"), (3, 2, "a"), (0, 1, "b"))
        )
    finally:
        _toolchain.processor.cache_clear()
    assert old == same != new


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("0::/job/step", ("memory.max", "memory.current", "inactive_file")),
        (
            "4:cpu,memory:/job/step",
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ),
    ],
)
def test_memory_is_what_the_batch_job_leaves(line, files, monkeypatch, tmp_path):
    """The limit is that of a cgroup around the process's own, which has none."""
    limit, used, cache = files
    root = tmp_path if line.startswith("0") else tmp_path / "memory"
    (root / "job" / "step").mkdir(parents=True)
    for folder, most in ((root / "job", str(3 * 2**30)), (root / "job" / "step", "max")):
        (folder / limit).write_text(most + "\n")
        (folder / used).write_text(f"{2**31}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{cache} {2**29}\n")
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda self: (
            f"1:name=systemd:/\n{line}\n" if self == Path("/proc/self/cgroup") else read(self)
        ),
    )
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    assert memory.free_memory() == 3 * 2**29
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "not there")
    assert memory.free_memory() > 2**30


def test_who_waits_for_another_process_is_told(tmp_path, monkeypatch):
    """And goes on when that is killed."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from horn_neuro._files import one_at_a_time\n"
        "with one_at_a_time(Path(sys.argv[1]), 'compiling'):\n"
        "    print('has it', flush=True)\n    time.sleep(100)\n"
    )
    monkeypatch.setattr(_files, "PATIENCE", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "lock"], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "has it\n"
        threading.Timer(1.0, other.kill).start()
        with (
            pytest.warns(UserWarning, match="was killed while compiling; this one begins"),
            pytest.warns(UserWarning, match="another process is compiling, and this one waits"),
            _files.one_at_a_time(tmp_path / "lock", "compiling"),
        ):
            assert other.wait() == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_have_left_is_removed(tmp_path):
    code = (
        "import os, signal, sys\n"
        "from horn_neuro._files import scratch_folder\n"
        "with scratch_folder(sys.argv[1], 'building-'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path])
    (left,) = tmp_path.iterdir()
    with _files.scratch_folder(tmp_path, "building-") as first:
        assert not left.exists()
        with _files.scratch_folder(tmp_path, "building-") as second:
            assert first.is_dir()
            assert second.is_dir()
    assert list(tmp_path.iterdir()) == []
