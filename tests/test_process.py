"""The process is the user's: what simulations use of it, they leave as they found it."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import horn_neuro as hn

RUNTIME = ["numpy", pytest.param("cython", marks=pytest.mark.compiler)]
DEVICES = [*RUNTIME, pytest.param("cpp", marks=pytest.mark.compiler)]


@pytest.mark.parametrize("device", DEVICES)
def test_a_standalone_simulation_of_the_user_keeps_its_step(device, params):
    import brian2
    from brian2.devices.device import get_device, reset_device, set_device

    before = brian2.defaultclock.dt
    set_device("cpp_standalone", build_on_run=False)
    try:
        brian2.defaultclock.dt = 0.5 * brian2.ms
        hn.simulate(params, 10, device=device)
        assert brian2.defaultclock.dt == 0.5 * brian2.ms
    finally:
        get_device().defaultclock.dt = before
        get_device().reinit()
        reset_device()
    assert brian2.defaultclock.dt == before
    hn.simulate(params, 10, device=device)
    assert brian2.defaultclock.dt == before


@pytest.mark.parametrize("device", DEVICES)
def test_a_schedule_of_the_user_changes_nothing(device, params):
    import brian2

    stimulus = np.random.default_rng(1).random((30, 1))
    kicks = hn.PoissonKicks(100.0, 0.1).draw(1, 30, params, 1)
    expected = hn.simulate(params, stimulus, kicks=kicks, device=device).data["x"]
    before = brian2.prefs["core.network.default_schedule"]
    try:
        brian2.prefs["core.network.default_schedule"] = [
            "start",
            "synapses",
            "thresholds",
            "groups",
            "resets",
            "end",
        ]
        found = hn.simulate(params, stimulus, kicks=kicks, device=device).data["x"]
    finally:
        brian2.prefs["core.network.default_schedule"] = before
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("device", ["numpy", pytest.param("cpp", marks=pytest.mark.compiler)])
def test_threads_wait_for_each_other(device, params):
    """Different precisions, kicks and networks at once: each gets what it gets alone."""
    calls = [
        {"params": params, "seed": 1, "dtype": "float64"},
        {"params": params, "seed": 2, "dtype": "float32"},
        {"params": params.replace(alpha=0.1), "seed": 3, "dtype": "float64"},
    ]

    def run(params, **options):
        kicks = hn.PoissonKicks(200.0, 0.1)
        return hn.simulate(params, 200, kicks=kicks, device=device, **options).data["x"].values

    alone = [run(**call) for call in calls]
    results = [None] * len(calls)

    def work(k):
        results[k] = run(**calls[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, expected in zip(results, alone, strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


SCRIPT = """
import sys, numpy as np, horn_neuro as hn
params = hn.effenberger_2025(20, seed=1)
hn.simulate(params, 10, n_trials=20, record=(), device={device!r})
print("ready", flush=True)
try:
    hn.simulate(params, {steps}, n_trials=20, record=(), device={device!r})
except KeyboardInterrupt:
    print("interrupted", flush=True)
else:
    print("returned", flush=True)
"""


def test_an_interrupt_that_brian2_swallows_is_raised_after_all(params, monkeypatch):
    """It comes while an object is forgotten, where Python can raise nothing."""
    from horn_neuro.simulator import operations

    class Forgotten:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    steps = []
    python = operations.Product.python

    def interrupted(self, arrays):
        product = python(self, arrays)

        def run(k):
            steps.append(k)
            if k == 5:
                Forgotten()
            return product(k)

        return run

    monkeypatch.setattr(operations.Product, "python", interrupted)
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: lost.append(what.exc_type))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        hn.simulate(params, 1000, device="numpy")
    assert set(lost) == {KeyboardInterrupt}
    assert max(steps) <= 6
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    ("device", "steps"),
    [("numpy", 10**6), pytest.param("cython", 10**6, marks=pytest.mark.compiler)],
)
def test_ctrl_c_ends_a_simulation_and_returns_nothing(device, steps):
    code = SCRIPT.format(device=device, steps=steps)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 5  # on a busy machine; a second on a quiet one
        assert process.wait() == 0
