#!/usr/bin/env python
"""How fast is the phase-locking of all pairs, and how much memory does it take?

Compares `plv_over_time` with mne-connectivity on the same phases, and with a
plain NumPy loop over rows, in one process.

    python benchmarks/phase.py
"""

import argparse
import platform
import tracemalloc

import mne
import mne_connectivity
import numpy as np
from measure import interleaved
from mne_connectivity import spectral_connectivity_time

from horn_neuro.analysis.connectivity import _plv
from horn_neuro.analysis.phase import AnalyticSignal

CHANNELS = (64, 128, 256, 512, 1024)
TRIALS, TIMES, SFREQ = 4, 800, 1000.0
SLOWEST = 256  # mne-connectivity loops over pairs


def make_signal(channels):
    rng = np.random.default_rng(1)
    shape = (TRIALS, channels, TIMES)
    values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    names = tuple(f"x{k:04d}" for k in range(channels))
    return AnalyticSignal(values, SFREQ, np.arange(TIMES) / SFREQ, names, 36.0)


def plain(signal):
    phasors = signal.values / np.abs(signal.values)
    n = phasors.shape[1]
    found = np.empty((TRIALS, n, n))
    for j in range(n):
        found[:, j] = np.abs((phasors[:, j : j + 1] * phasors.conj()).mean(axis=2))
    return found


def make_tfr(signal):
    info = mne.create_info(list(signal.names), SFREQ, "eeg", verbose="error")
    return mne.time_frequency.EpochsTFRArray(
        info, signal.values[:, :, None, None], signal.times, [36.0], weights=np.ones((1, 1))
    )


def by_mne(tfr):
    return spectral_connectivity_time(tfr, method="plv", verbose="error")


def peak_mib(function, *arguments):
    tracemalloc.start()
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    versions = f"numpy {np.__version__}, mne-connectivity {mne_connectivity.__version__}"
    print("    python benchmarks/phase.py\n")
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}\n")
    print(f"{TRIALS} trials of {TIMES} samples; seconds, ratio to plv_over_time, peak MiB\n")
    print("| channels | `plv_over_time` | plain NumPy | mne-connectivity |\n|---|---|---|---|")
    for channels in CHANNELS:
        signal = make_signal(channels)
        runs = {"fast": (_plv, signal), "plain": (plain, signal)}
        if channels <= SLOWEST:
            runs["mne"] = (by_mne, make_tfr(signal))
        seconds = interleaved(
            {name: (lambda f=f, a=a: f(a)) for name, (f, a) in runs.items()}, args.repeats
        )
        cells = [
            f"{seconds[name]:.3g} s, {seconds[name] / seconds['fast']:.1f}, "
            f"{peak_mib(*runs[name]):.0f}"
            for name in runs
        ]
        cells += ["not tried"] * (3 - len(cells))
        print(f"| {channels} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
