"""Simulations at the same time, in threads and in processes: each gets what it gets alone."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import horn_neuro as hn


@pytest.mark.compiler
def test_processes_run_side_by_side(tmp_path):
    """Four at once, which need one network that nobody has compiled: one compiles, all agree."""
    code = (
        "import horn_neuro as hn\n"
        "from horn_neuro.simulator import standalone\n"
        "make = standalone.generate\n"
        "def generate(*args):\n    print('compiles'); return make(*args)\n"
        "standalone.generate = generate\n"
        "params = hn.effenberger_2025(4, seed=1)\n"
        "print(hn.simulate(params, 23, kicks=hn.PoissonKicks(99.0, 0.1), seed=2, device='cpp')"
        ".data['x'].values.tobytes().hex())"
    )
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate()[0].split() for process in running]
    assert sum("compiles" in words for words in said) == 1
    assert len({words[-1] for words in said}) == 1
    assert len(list(tmp_path.iterdir())) == 1


# One for each thread: devices, precisions, kicks and networks.
TOGETHER = {
    "numpy": {"device": "numpy", "dtype": "float64", "kicks": hn.PoissonKicks(200.0, 0.1)},
    "numpy, single": {"device": "numpy", "dtype": "float32", "kicks": hn.PoissonKicks(90.0, 1.0)},
    "cython": {"device": "cython", "dtype": "float64", "kicks": hn.PoissonKicks(150.0, 0.2)},
    "cpp": {"device": "cpp", "dtype": "float64", "kicks": hn.PoissonKicks(200.0, 0.1)},
}


@pytest.mark.parametrize(
    "threads",
    [
        ("numpy", "numpy, single", "numpy", "numpy, single"),
        pytest.param(("numpy, single", "cython", "cpp", "cpp"), marks=pytest.mark.compiler),
    ],
)
def test_threads_wait_for_each_other(threads, params):
    """Different devices, precisions, kicks and networks at once: each gets what it gets alone."""
    networks = [params.replace(alpha=0.05 * (1 + k)) for k in range(len(threads))]

    def run(k):
        return hn.simulate(networks[k], 200, seed=k, **TOGETHER[threads[k]]).data["x"].values

    alone = [run(k) for k in range(len(threads))]
    with ThreadPoolExecutor(len(threads)) as pool:
        together = list(pool.map(run, range(len(threads))))
    for found, expected in zip(together, alone, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
def test_devices_run_side_by_side_in_processes(tmp_path):
    """Nothing is compiled yet, and two of them compile the same."""
    code = (
        "import sys, horn_neuro as hn\n"
        "params = hn.effenberger_2025(4, seed=1)\n"
        "rec = hn.simulate(params, 60, initial=hn.State.random(1, 4, 1.0, "
        "hn.parameters.generator(1, 'x')), device=sys.argv[1])\n"
        "print(rec.data['x'].values.tobytes().hex())"
    )
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, device], env=env, stdout=subprocess.PIPE, text=True
        )
        for device in ("cython", "cpp", "cython")
    ]
    said = [process.communicate()[0].strip() for process in running]
    first, other, second = (np.frombuffer(bytes.fromhex(text)) for text in said)
    assert first.size == 240
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() < 1e-12 * np.abs(first).max()
