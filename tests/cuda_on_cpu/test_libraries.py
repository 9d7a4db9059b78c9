"""cuBLAS, cuRAND and Thrust as the emulation has them."""

import itertools
import re
import signal

import numpy as np
import pytest
from cuda_on_cpu.programs import answers, numbers, printed, started

# In one process, which compiles the selftest once.
pytestmark = [pytest.mark.compiler, pytest.mark.xdist_group("emulation")]


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
