"""Ctrl-C: simulations end soon, return nothing, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

import horn_neuro as hn

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


@pytest.mark.usefixtures("pressed")
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


INTERRUPTED = """
import os, sys
import horn_neuro as hn
from horn_neuro.simulator import standalone

def says(what, function):
    def call(command, *args, **options):
        if {waits!r} in command:
            print("ready", flush=True)
        return function(command, *args, **options)
    return call

standalone.run_compiler = says("make", standalone.run_compiler)
standalone.subprocess.run = says("./main", standalone.subprocess.run)
params = hn.effenberger_2025(20, seed=1)
try:
    hn.simulate(params, 10**7, n_trials=20, record=(), device="cpp")
except KeyboardInterrupt:
    print("interrupted", flush=True)
else:
    print("returned", flush=True)
"""


@pytest.mark.compiler
@pytest.mark.parametrize("waits", ["make", "./main"])
def test_ctrl_c_ends_compilers_and_compiled_networks(waits, tmp_path):
    """Nothing half-written stays, and nothing runs on."""
    import psutil

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = os.environ | {"HORN_NEURO_CACHE": str(tmp_path / "cache"), "TMPDIR": str(scratch)}
    command = [sys.executable, "-c", INTERRUPTED.format(waits=waits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        started = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 5  # on a busy machine; a second on a quiet one
        assert process.wait() == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    assert list(scratch.iterdir()) == []
    if waits == "make":
        assert list((tmp_path / "cache").iterdir()) == []
