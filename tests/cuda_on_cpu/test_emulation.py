"""The emulated CUDA toolkit: what it computes, and that each of its checks can fail."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from cuda_on_cpu import nvcc
from cuda_on_cpu.toolkit import TOOLKIT, environment

# In one process, which compiles the selftest once.
pytestmark = [pytest.mark.compiler, pytest.mark.xdist_group("emulation")]

ORDERS = ("forward", "backward", 1, 2)
GOOD = "no error"


def toolkit(command, *arguments, **options):
    """Run a command of the toolkit."""
    env = os.environ | environment(**options)
    return subprocess.run([command, *arguments], env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


# As the generated makefiles have it.
FLAGS = ["-std=c++11", "-arch=sm_90", "-w", "-std=c++17", "-Xcompiler", "-w -O3 -std=c++17"]


def compiled(folder, cache, sanitize):
    """Compile the selftest, both sources at a time, as make does."""
    variables = os.environ | environment(cache=cache, sanitize=sanitize)
    objects = [folder / "selftest.o", folder / "libraries.o"]
    running = [
        subprocess.Popen(
            ["nvcc", *FLAGS, "-dc", TOOLKIT / "selftest" / f"{made.stem}.cu", "-o", made],
            env=variables,
        )
        for made in objects
    ]
    assert [process.wait() for process in running] == [0, 0]
    program = folder / "selftest"
    command = ["nvcc", "-lcublas", "-lcurand", *objects, "-o", program]
    subprocess.run(command, env=variables, check=True)
    return program


@pytest.fixture(scope="module")
def program(tmp_path_factory, cache):
    return compiled(tmp_path_factory.mktemp("selftest"), cache, sanitize=False)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory, cache):
    return compiled(tmp_path_factory.mktemp("selftest"), cache, sanitize=True)


def started(program, command, **options):
    return toolkit(program, *map(str, command), **options)


def printed(program, *command, **options):
    """Return what a command that ends well prints."""
    done = started(program, command, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def numbers(program, *command, **options):
    """Return the numbers that a command prints, a list for each line."""
    lines = printed(program, *command, **options).splitlines()
    return [[float(word) for word in line.split()] for line in lines]


def answers(program, *command, **options):
    """Return what a command prints as 'what: answer'."""
    lines = printed(program, *command, **options).splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


# ---- memory ----


@pytest.mark.parametrize("command", ["host_reads", "host_writes"])
def test_the_host_cannot_touch_device_memory(program, command):
    assert started(program, [command]).returncode == -signal.SIGSEGV


def test_a_kernel_is_given_host_memory(program):
    assert numbers(program, "host_in_kernel", "device") == [[2] * 8]
    done = started(program, ["host_in_kernel", "host"])
    assert done.returncode == -signal.SIGABRT
    assert "a pointer to host memory is given to kernel add" in done.stderr


def test_a_device_pointer_that_was_never_set(program):
    assert printed(program, "null_in_kernel", "set") == "symbol: no error\n2 \n"
    assert started(program, ["null_in_kernel", "unset"]).returncode == -signal.SIGSEGV


def test_fresh_memory_is_nan(program):
    double, single, [same_place], again = numbers(program, "fresh_memory")
    assert same_place
    assert np.isnan(double + single + again).all()


def test_copies(program):
    given = answers(program, "copies")
    good = {name for name, answer in given.items() if answer == GOOD}
    assert good == {
        *("to the device", "back", "its second half", "on the device", "nothing", "memset"),
        *("free", "free null", "pinned", "free pinned", "no last error"),
    }
    wrong_way = {"in no direction", "peeked", "last error"}
    for name in given.keys() - good:
        text = "invalid copy direction for memcpy" if name in wrong_way else "invalid argument"
        assert given[name] == text, name


def test_memory_runs_out(program):
    lines = printed(program, "allocations", memory=2**20).splitlines()
    assert lines[1] == f"{2**20} of {2**20}"
    assert lines[2:5] == ["most: no error", "more: out of memory", "1"]
    assert lines[5:] == ["more, once free: no error", "none: no error"]


# ---- launches and threads ----


def test_launches(program):
    given = answers(program, "launches")
    assert {name for name, answer in given.items() if answer == GOOD} == {
        "right",
        "as large as can be",
    }
    assert given.pop("too much shared memory") == "invalid argument"
    assert set(given.values()) == {GOOD, "invalid configuration argument"}
    # 1, to which 1 is added by the first thread of the first launch; then it doubles.
    assert printed(program, "launches").splitlines()[-1] == "66 "


@pytest.mark.parametrize("order", ORDERS)
def test_every_thread_has_one_turn(program, order):
    for turns in numbers(program, "turns", order=order):
        assert sorted(turns) == list(range(len(turns)))


def test_orders_of_threads_and_blocks(program):
    one, _ = numbers(program, "turns", order="forward")
    assert one == list(range(24))
    assert numbers(program, "turns", order="backward")[0] == one[::-1]
    assert numbers(program, "turns", order=1) == numbers(program, "turns", order=1)
    shuffled, other = (np.array(numbers(program, "turns", order=k)[0]) for k in (1, 2))
    assert (shuffled != other).any()
    blocks = shuffled.reshape(3, 8)
    # Blocks come one after another, in an order of their own, and so do the threads in them.
    assert (np.ptp(blocks, axis=1) == 7).all()
    assert (np.diff(blocks, axis=1) != 1).any()


def test_a_race_differs_between_orders_and_a_reduction_does_not(program):
    sums = [numbers(program, "reduction", "barriers", order=order)[0] for order in ORDERS]
    exact = (1 / np.arange(1, 257)).reshape(4, 64).sum(axis=1)
    np.testing.assert_allclose(sums[0], exact, rtol=1e-14)
    assert all(found == sums[0] for found in sums)
    raced = [numbers(program, "reduction", "race", order=order)[0] for order in ORDERS]
    assert len({str(found) for found in raced}) > 1
    assert not any(np.allclose(found, exact) for found in raced[:1])


def test_threads_wait_at_different_barriers(program):
    early = numbers(program, "barriers", "early")[0]
    assert early == [6, 0, 2, 0, 4, 0, 6, 0]
    done = started(program, ["barriers", "different"])
    assert done.returncode == -signal.SIGABRT
    assert re.search(r"wait at \S*selftest.cu:\d+ and \S*selftest.cu:\d+", done.stderr)


@pytest.mark.parametrize("order", ORDERS)
def test_shared_memory(program, order):
    """Every block finds it unwritten, and all its threads see the same."""
    for part, count, table, *after in numbers(program, "shared", 0, order=order):
        assert np.isnan([part, table]).all()
        assert count == -1
        assert after == [3, 8, 0.5]


def test_proposed_block_size(program):
    assert printed(program, "proposed", block=7) == "7\n"


def test_counts_of_calls(program, tmp_path):
    numbers(program, "reduction", "barriers", log=tmp_path / "calls.json")
    assert json.loads((tmp_path / "calls.json").read_text()) == {
        "cudaMalloc": 2,
        "cudaMemcpy HtoD": 1,
        "cudaMemcpy DtoH": 1,
        "launch selftest::reduce<true, T>": 1,
    }


# ---- sanitizers ----


def test_sound_programs_pass_the_sanitizers(sanitized):
    assert numbers(sanitized, "out_of_bounds", 8) == [[2] * 8]
    assert numbers(sanitized, "undefined", 0) == [[2**31 - 1]]
    assert numbers(sanitized, "reduction", "barriers", order=1)
    assert numbers(sanitized, "shared", 0, order=1)
    assert numbers(sanitized, "vectors")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("out_of_bounds", 9), "AddressSanitizer: use-after-poison"),
        (("shared", 1), "AddressSanitizer: heap-buffer-overflow"),
        (("undefined", 1), "signed integer overflow"),
        (("null_in_kernel", "unset"), "AddressSanitizer: SEGV"),
        (("host_reads",), "AddressSanitizer: SEGV"),
    ],
)
def test_sanitizers(program, sanitized, command, message):
    done = started(sanitized, command)
    assert done.returncode != 0
    assert message in done.stderr
    if command[1:]:
        silent = command[0] in ("out_of_bounds", "shared", "undefined")
        assert (started(program, command).returncode == 0) == silent


# ---- libraries ----


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("operations", ["".join(pair) for pair in itertools.product("NT", "NT")])
def test_gemm(program, tmp_path, real, operations):
    """Column-major matrices with padding, which is not touched; nor is C read if beta is 0."""
    m, n, k, padding = 5, 4, 3, 2
    rng = np.random.default_rng(1)
    left, right, c = (rng.normal(size=size) for size in ((m, k), (k, n), (m, n)))
    command = "dgemm" if real == "float64" else "sgemm"
    for alpha, beta in ((1, 0), (0.5, 2), (2, 1)):
        strides = []
        for name, matrix, turned in (
            ("a", left, operations[0] == "T"),
            ("b", right, operations[1] == "T"),
            ("c", np.full_like(c, np.nan) if beta == 0 else c, False),
        ):
            columns = matrix if turned else matrix.T
            padded = np.pad(columns, ((0, 0), (0, padding)), constant_values=np.nan)
            strides.append(padded.shape[1])
            padded.astype(real).tofile(tmp_path / name)
        sizes = (m, n, k, *strides, alpha, beta)
        assert printed(program, command, tmp_path, *operations, *sizes) == "0 0 0 0\n"
        result = np.fromfile(tmp_path / "result", real).reshape(n, m + padding)
        expected = alpha * left @ right + (beta * c if beta else 0)
        tolerance = 1e-14 if real == "float64" else 2e-6
        np.testing.assert_allclose(result[:, :m].T, expected, rtol=0, atol=tolerance)
        assert np.isnan(result[:, m:]).all()


def test_gemm_is_given_what_cannot_be(program, tmp_path):
    for name in "abc":
        np.ones(6).tofile(tmp_path / name)
    invalid = "0 0 7 0\n"
    assert printed(program, "dgemm", tmp_path, *"NN", *(2, 3, 2, 1, 2, 2, 1, 0)) == invalid
    assert printed(program, "dgemm", tmp_path, *"TN", *(2, 3, 2, 2, 1, 2, 1, 0)) == invalid
    assert printed(program, "dgemm", tmp_path, *"NN", *(2, 3, 2, 2, 2, 1, 1, 0)) == invalid
    assert printed(program, "dgemm", tmp_path, *"NN", *(2, -3, 2, 2, 2, 2, 1, 0)) == invalid
    done = started(program, ["dgemm", tmp_path, *"NN", *(2, 4, 2, 2, 2, 2, 1, 0)])
    assert done.returncode == -signal.SIGABRT
    assert "does not lie in device memory is given to cublasDgemm" in done.stderr


COUNT = 20000


@pytest.fixture(scope="module")
def drawn(program, tmp_path_factory):
    """Numbers by seed (1, 2), then by name, and what the calls said."""
    files = {}
    for key, seed in (("one", 1), ("two", 2), ("one again", 1)):
        folder = tmp_path_factory.mktemp("numbers")
        said = answers(program, "random_numbers", folder, seed, COUNT)
        kinds = {"uniform32": "f4", "normal32": "f4", "poisson": "u4", "device_uniform32": "f4"}
        arrays = {path.name: path for path in folder.iterdir()}
        files[key] = {name: np.fromfile(p, kinds.get(name, "f8")) for name, p in arrays.items()}
        assert said.pop("too many") == "201"  # CURAND_STATUS_LAUNCH_FAILURE
        assert said.pop("odd") == "105"  # CURAND_STATUS_LENGTH_NOT_MULTIPLE
        assert set(said.values()) == {"0"}
    return files


def test_random_numbers_have_their_moments(drawn):
    moments = {"uniform": (1 / 2, 1 / 12, 1 / 80), "normal": (2, 9, 243), "poisson": (3, 3, 30)}
    for name, values in drawn["one"].items():
        kind = re.search("uniform|normal|poisson", name)[0]
        mean, variance, fourth = moments[kind]
        if name == "device_normal64":
            mean, variance, fourth = 0, 1, 3
        values = values.astype(float)
        assert len(values) == COUNT
        assert abs(values.mean() - mean) < 5 * np.sqrt(variance / COUNT), name
        spread = np.sqrt((fourth - variance**2) / COUNT)
        assert abs(((values - mean) ** 2).mean() - variance) < 5 * spread, name
        assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 5 / np.sqrt(COUNT), name
        if kind == "uniform":
            assert values.min() > 0
            assert 1 - 10 / COUNT < values.max() <= 1


def test_equal_seeds_give_equal_numbers(drawn):
    for name, values in drawn["one"].items():
        np.testing.assert_array_equal(values, drawn["one again"][name])
        assert (values != drawn["two"][name]).any()


def test_thrust_sorts(program):
    keys = np.random.default_rng(1).integers(0, 9, 40)
    found = numbers(program, "sorting", *keys)
    order = np.argsort(keys, kind="stable")
    unique, first = np.unique(keys, return_index=True)
    for row, expected in zip(found, (keys[order], order, unique, first), strict=True):
        np.testing.assert_array_equal(row, expected)


def test_thrust_vectors(program):
    assert numbers(program, "vectors") == [[1, 1, 1, 0, 14, 1], [0]]


# ---- the card ----


def about(program, **options):
    """Return what a program learns of the card, and whether it can use it."""
    lines = printed(program, "about", **options).splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line), lines


def test_the_card(program):
    given, lines = about(program, gpu="Tesla K80", capability=9.1, memory=2**30)
    assert "Tesla K80 9.1" in lines
    assert lines[1] == "1"
    assert given.pop("set another") == "invalid device ordinal"
    assert given.pop("cublas") == given.pop("curand") == "0"
    assert set(given.values()) == {GOOD}
    query = "--query-gpu=name,compute_cap,memory.free,memory.total"
    options = {"gpu": "Tesla K80", "capability": 3.5, "memory": 2**30, "free": 2**21}
    done = toolkit("nvidia-smi", query, "--format=csv,noheader,nounits", **options)
    assert done.stdout == "Tesla K80, 3.5, 2, 1024\n"
    assert toolkit("nvidia-smi", query, free="[N/A]").stdout.split(", ")[2] == "[N/A]"
    assert toolkit("nvidia-smi", "--query-gpu=colour").returncode == 2


def test_no_card(program):
    given, lines = about(program, gpu="none")
    assert lines[1] == "0"
    assert (given.pop("cublas"), given.pop("curand")) == ("1", "203")
    assert set(given.values()) == {"no CUDA-capable device is detected"}
    for argument in ("-L", "--query-gpu=name"):
        done = toolkit("nvidia-smi", argument, gpu="none")
        assert (done.returncode, done.stdout) == (6, "No devices were found\n")


def test_another_process_has_the_card(program):
    given, _ = about(program, busy=True)
    busy = "CUDA-capable device(s) is/are busy or unavailable"
    refused = {name for name, answer in given.items() if answer == busy}
    assert refused == {"set", "set another", "malloc", "launch"}
    assert given["count"] == given["properties"] == GOOD
    assert (given["cublas"], given["curand"]) == ("1", "203")
    for busy, mode in ((True, "Exclusive_Process"), (False, "Default")):
        assert toolkit("nvidia-smi", "--query-gpu=compute_mode", busy=busy).stdout == f"{mode}\n"


def test_a_card_older_than_the_code(program):
    given, _ = about(program, capability=3.5)
    assert given["launch"] == "no kernel image is available for execution on the device"
    assert given["malloc"] == GOOD


def test_slices(program, monkeypatch):
    listed = toolkit("nvidia-smi", "-L", mig=2).stdout
    assert len(listed.splitlines()) == 3
    slices = re.findall(r"MIG 1g.10gb     Device  \d: \(UUID: (MIG-[-0-9]+)\)", listed)
    card = re.search(r"GPU 0: Emulated GPU \(UUID: (GPU-[-0-9]+)\)", listed)[1]
    assert "MIG" not in toolkit("nvidia-smi", "-L").stdout
    query = "--query-gpu=mig.mode.current"
    assert toolkit("nvidia-smi", query, mig=2).stdout == "Enabled\n"
    seen = ["0", "0,1", card, card[:8], *slices, slices[0] + "," + slices[1]]
    for visible in [*seen, "", "-1", "1", "GPU-7", slices[0] + "7", "MIG"]:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert about(program, mig=2)[1][1] == str(int(visible in seen)), visible
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", slices[0])
    assert about(program)[1][1] == "0"


# ---- the compiler ----


@pytest.mark.parametrize(
    ("cuda", "cpp"),
    [
        ("kernel<<<1, 2>>>(a);", 'launch(kernel, cuda_on_cpu::Config(1, 2), "kernel")(a);'),
        ("k <<< f(x), g<y> >>> (a)", 'launch(k, cuda_on_cpu::Config( f(x), g<y> ), "k")(a)'),
        (
            "if (a < b) horn::k<double, N><<<1,\n 2, 3>>>(a)",
            "if (a < b) cuda_on_cpu::launch(horn::k<double, N>, cuda_on_cpu::Config(1,\n 2, 3), "
            '"horn::k<double, N>")(a)',
        ),
        ("k<A<int>><<<1, 2>>>(a)", 'launch(k<A<int>>, cuda_on_cpu::Config(1, 2), "k<A<int>>")(a)'),
        ("extern __shared__ char x[];", "char *x = (char *)cuda_on_cpu::dynamic_shared();"),
        ("__shared__ float x[N][2];", "auto &x = cuda_on_cpu::shared<float [N][2]>([] {});"),
        ("__shared__ unsigned int x;", "auto &x = cuda_on_cpu::shared<unsigned int >([] {});"),
        ("a << b; c<d>>e; // <<<", "a << b; c<d>>e; // <<<"),
    ],
)
def test_translation(cuda, cpp):
    assert cpp in nvcc.translate(cuda, "x.cu")


@pytest.mark.parametrize("cuda", ["(*k)<<<1, 2>>>(a);", "__shared__ int a, b;"])
def test_what_cannot_be_translated(cuda):
    with pytest.raises(SystemExit, match=r"x.cu: error: the emulation cannot read this use of"):
        nvcc.translate(cuda, "x.cu")


def test_versions():
    assert re.search(r"release \d+\.\d+, V", toolkit("nvcc", "--version").stdout)
    assert "compute_90\n" in toolkit("nvcc", "--list-gpu-arch").stdout


def test_a_changed_header_is_compiled_anew(tmp_path, cache, program):
    """Also one that another header includes, and one beside the source, from another folder."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "main.cu").write_text('#include "one.h"\nint main() { return ONE + THREE; }')
    (tmp_path / "a" / "one.h").write_text('#include "two.h"\n#define ONE TWO\n')
    (tmp_path / "three.h").write_text("#define THREE 3\n")
    for two in (2, 5):
        (tmp_path / "two.h").write_text(f"#define TWO {two}\n#include <three.h>\n")
        made = tmp_path / "main.o"
        source = tmp_path / "a" / "main.cu"
        done = toolkit("nvcc", *FLAGS, f"-I{tmp_path}", "-dc", source, "-o", made, cache=cache)
        assert done.returncode == 0, done.stderr
        done = toolkit("nvcc", made, "-o", tmp_path / "main", cache=cache)
        assert started(tmp_path / "main", []).returncode == two + 3


def test_what_is_compiled_is_compiled_once(program, cache, tmp_path):
    """Also by two compilers at a time; what was made is taken from the cache."""
    made = {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")}
    names = [path.name for path in made]
    assert set(names) == {"precompiled.h.gch", "unit.o", "runtime.o"}
    again = compiled(tmp_path, cache, sanitize=False)
    assert again.read_bytes() == program.read_bytes()
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")} == made


def test_the_folder_of_another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_ON_CPU_CACHE", str(tmp_path / "new"))
    assert nvcc.own_folder().stat().st_mode & 0o777 == 0o700
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(SystemExit, match="belongs to another user; set CUDA_ON_CPU_CACHE"):
        nvcc.own_folder()


def test_errors_of_the_compiler(tmp_path, cache):
    (tmp_path / "main.cu").write_text("#include <vector>\n\nint main() { return unknown; }\n")
    made = tmp_path / "main.o"
    done = toolkit("nvcc", *FLAGS, "-dc", tmp_path / "main.cu", "-o", made, cache=cache)
    assert done.returncode != 0
    assert "main.cu:3:" in done.stderr
    assert not made.exists()


def test_environment_names_all_variables():
    """What the code reads is what `environment` sets, so that nothing is left over."""
    files = [*TOOLKIT.glob("*.py"), *(TOOLKIT / "src").iterdir()]
    read = {name for file in files for name in re.findall(r"CUDA_ON_CPU_\w+", file.read_text())}
    guards = {f"CUDA_ON_CPU_{file.stem.upper()}_H" for file in files}
    assert read - guards == {name for name in environment() if name.startswith("CUDA_ON_CPU_")}
    readme = (TOOLKIT / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in environment())
    assert environment()["PATH"].split(os.pathsep)[1] == os.path.dirname(sys.executable)
