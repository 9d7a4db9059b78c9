#!/usr/bin/env python
"""Does a network trained in torch answer the same as a Brian2 simulation?

Shows test digits to a trained network, in its torch twin (float64 and float32)
and in Brian2, and compares trajectories, logits and labels digit by digit;
transposed weights show what a mistake looks like. Then it looks at the network's
spikes, and lets them carry the recurrence, read out as trained and by a readout
that is refitted on other digits. Intervals are Wilson's over digits, for one
network. The digits that come along are all among MNIST's training digits, which
the pretrained networks have seen: for a test accuracy, give --source.

    horn-neuro transfer --params net.safetensors --device cpp
    horn-neuro transfer --source FOLDER --digits 10000
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report import figures
from horn_neuro.report.style import BLUE, GREY, ORANGE
from horn_neuro.simulator import SpikeCoupling
from horn_neuro.twin import load_checkpoint

TWINS = {"float64": torch.float64, "float32": torch.float32}


class Transfer(DigitExperiment):
    title = "From torch to Brian2"
    takes = Sizes("20 s", "1.5 min", "")
    resumes = True
    device, seed = material.DEVICE, material.SEED
    params = replace(material.PARAMS, excludes=("checkpoint",))
    checkpoint = Option(None, "a state-dict of i2h, h2h and h2o instead", kind=Path)
    omega = Option(2 * np.pi / 28, "of --checkpoint", above=0, needs=("checkpoint",))
    gamma = Option(0.01, "of --checkpoint", least=0, needs=("checkpoint",))
    alpha = Option(0.04, "of --checkpoint", needs=("checkpoint",))
    digits = Option(Sizes(40, 1000, 10000), "test digits", least=1)
    fit = Option(Sizes(80, 1000, 4000), "training digits for new readouts", least=20)
    chunk = Option(Sizes(40, 100, 100), "digits at a time, for the memory", least=1)

    def measure(self):
        params = self.network()
        fit, test = (
            self.load_digits(split, n, generator(self.seed, f"{split} digits"), name)
            for split, name, n in (("train", "fit", self.fit), ("test", "digits", self.digits))
        )
        sample = test[:1000]
        whole, *parts = (-(-len(digits) // self.chunk) for digits in (test, fit, sample))
        self.expect(1 + whole + 4 * sum(parts), "chunk")
        first = self.simulate(params, test.inputs[: self.chunk])
        result = self.compare(params, test, first)
        result |= look_at_spikes(first, min(self.chunk, len(test)), self.seed)
        result["accuracy"] = {}
        for name, (network, options) in kinds_of_recurrence(params, first).items():
            work = partial(self.read_out, params, network, fit, sample, options)
            result["accuracy"][name] = self.keep(f"{params.fingerprint[:8]} {name}", work)
        params.save(self.folder.path / "params.safetensors")
        self.config |= {"parameters": params.fingerprint, "recording": first.provenance}
        return result

    def network(self):
        if self.checkpoint is None:
            return material.network_for_digits(self.params)
        constants = {name: getattr(self, name) for name in ("omega", "gamma", "alpha")}
        return material.network_for_digits(self.checkpoint, partial(load_checkpoint, **constants))

    def simulate(self, params, inputs, **options):
        """Up to one chunk of digits, always padded to the same size, so that it compiles once."""
        self.step("simulating")
        padded = np.zeros((self.chunk, *inputs.shape[1:]))
        padded[: len(inputs)] = inputs
        options = {"record": ("x", "y", "spikes"), "device": self.device, "seed": 1, **options}
        return hn.simulate(params, padded, **options)

    def compare(self, params, test, first):
        """All digits chunk by chunk in Brian2 and in the twins, and a mistake for comparison."""
        key, parts = params.fingerprint[:8], []
        for k in range(0, len(test), self.chunk):
            inputs = test.inputs[k : k + self.chunk]
            recording = first if k == 0 else None
            work = partial(self.compare_chunk, params, inputs, recording)
            parts.append(self.keep(f"{key} digits {k:06d}", work))
        inputs, n = test.inputs[: self.chunk], len(test.labels[: self.chunk])
        x = twin_of(params, inputs, torch.float64, record=True).recording.data["x"].values
        mistake = self.simulate(params.replace(w_rec=params.w_rec.T), inputs)
        wrong, logits = mistake.data["x"].values[:n], parts[0]["float64"]
        same = readout(params, mistake.final_state.x[:n]).argmax(1) == logits.argmax(1)
        names = ("brian2", *TWINS)
        return {
            "labels": test.labels,
            "logits": {name: np.concatenate([part[name] for part in parts]) for name in names},
            "error": {name: relative(parts, name) for name in ("x", "y")},
            "control": float(analysis.trajectory_error(wrong[..., -1:], x[..., -1:])[0]),
            "control_agreement": float(same.mean()),
            "example": (x[0], first.data["x"].values[0], params.frequency_hz),
            "step": params.step,
        }

    def compare_chunk(self, params, inputs, recording):
        recording, n, expected = recording or self.simulate(params, inputs), len(inputs), None
        result = {"brian2": readout(params, recording.final_state.x[:n])}
        for name, dtype in TWINS.items():
            out = twin_of(params, inputs, dtype, record=name == "float64")
            result[name] = out.logits.double().numpy()
            expected = expected if out.recording is None else out.recording.data
        for name in ("x", "y"):
            pair = recording.data[name].values[:n], expected[name].values
            # Of parts: the largest over all chunks is made of differences and scales.
            result[f"difference_{name}"] = np.abs(pair[0] - pair[1]).max(axis=(0, 1))
            result[f"scale_{name}"] = np.abs(pair[1]).max(axis=(0, 1))
        return result

    def read_out(self, params, network, fit, test, options):
        """Accuracies of the trained readout, and of one that is refitted."""

        def last_x(inputs):
            chunks = [inputs[k : k + self.chunk] for k in range(0, len(inputs), self.chunk)]
            x = [self.simulate(network, chunk, **options).final_state.x for chunk in chunks]
            return np.concatenate(x)[: len(inputs)]

        x, new = last_x(fit.inputs), last_x(test.inputs)
        refitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        refitted.fit(x, fit.labels)
        return {
            "as trained": analysis.proportion(readout(params, new).argmax(1) == test.labels),
            "refitted readout": analysis.proportion(refitted.predict(new) == test.labels),
        }

    def findings(self, result):
        labels, logits, error = result["labels"], result["logits"], result["error"]
        expected, rows = logits["float64"], {}
        for name, values in logits.items():
            same = analysis.proportion(values.argmax(1) == expected.argmax(1))
            right = analysis.proportion(values.argmax(1) == labels)
            rows[f"Same label as the float64 twin, {name}"] = same.scaled(100, "%")
            rows[f"Accuracy, {name}"] = right.scaled(100, "%")
        for name, course in error.items():
            rows[f"Largest relative error of {name} in Brian2"] = analysis.Estimate(course.max())
        rows["Relative error of x, transposed weights"] = analysis.Estimate(result["control"])
        share = 100 * result["control_agreement"]
        rows["Same label, transposed weights"] = analysis.Estimate(share, unit="%")
        rows["Spikes of a unit"] = analysis.Estimate(result["spikes"].rates().mean(), unit="Hz")
        for name, values in result["locking"].items():
            middle = analysis.Estimate(np.nanmedian(values), n=len(values))
            rows[f"Phase consistency of spikes with the {name} (median)"] = middle
        for name, pair in result["accuracy"].items():
            for kind, estimate in pair.items():
                rows[f"Accuracy, {name}, {kind}"] = estimate.scaled(100, "%")
        changed = partial(analysis.changed_answers, expected=expected)
        differing = {name: changed(logits[name]) for name in ("brian2", "float32")}
        names = ("graded spikes, as trained", "graded spikes, refitted readout")
        trained, refitted = (rows[f"Accuracy, {name}"] for name in names)
        none = rows["Accuracy, no recurrence, refitted readout"]
        answer = [
            f"Brian2 gives {len(labels) - len(differing['brian2'])} of {len(labels)} digits the "
            "same label as the float64 twin, and their trajectories differ by at most "
            f"{error['x'].max():.1e} of the largest position.",
            f"If graded spikes carry the recurrence, the trained readout is right on {trained} and "
            f"a refitted one on {refitted} of the digits ({none} without any recurrence).",
        ]
        details = {
            "differing": differing,
            "smallest_margin": analysis.logit_margin(expected).min(),
            "largest_logit_shift": {n: np.abs(logits[n] - expected).max() for n in differing},
            "relative_error": {n: {"largest": e.max(), "last": e[-1]} for n, e in error.items()},
            "spike_phase_locking": result["locking"],
        }
        return Findings(answer, rows, details)

    def figures(self, result):
        return {
            "Recurrence carried by spikes": draw_accuracies(result["accuracy"]),
            "The same trial in both": draw_example(result),
            "Spikes": draw_spikes(result),
        }


def readout(params, x):
    return x @ params.w_out.T + params.b_out


@torch.no_grad()
def twin_of(params, inputs, dtype, record):
    twin = hn.HornNetwork(params, dtype=dtype)
    return twin(torch.from_numpy(inputs).to(dtype), record=record)


def relative(parts, name):
    kinds = ("difference", "scale")
    difference, scale = (np.max([p[f"{k}_{name}"] for p in parts], axis=0) for k in kinds)
    return np.divide(difference, scale, out=difference.copy(), where=scale > 0)


def look_at_spikes(recording, n, seed):
    """Spikes, rates, and locking to the field, with another trial's field as control."""
    shown = hn.Recording(recording.data.isel(trial=slice(n)))  # not the padding
    spikes, phase = shown.spikes, analysis.field_phase(shown.data["x"].values)
    lock = partial(analysis.spike_phase_locking, spikes)
    other = 1 + generator(seed, "other trials").integers(n - 1) if n > 1 else 0
    return {
        "spikes": spikes,
        "locking": {
            "field of the same trial": lock(phase),
            "field of another trial": lock(np.roll(phase, other, axis=0)),
        },
    }


def kinds_of_recurrence(params, recording):
    silent = params.replace(w_rec=np.zeros_like(params.w_rec))
    graded, uniform = (SpikeCoupling.calibrated(params, recording, g) for g in (True, False))
    return {
        "continuous recurrence": (params, {}),
        "graded spikes": (params, {"coupling": graded, "record": ()}),
        "uniform spikes": (params, {"coupling": uniform, "record": ()}),
        "no recurrence": (silent, {}),
    }


def draw_accuracies(accuracies):
    figure, ax = plt.subplots(figsize=(7.5, 4.2))
    at = np.arange(len(accuracies))
    styles = {"as trained": (GREY, "s", -0.08), "refitted readout": (ORANGE, "o", 0.08)}
    for readout, (color, marker, move) in styles.items():
        shares = [pair[readout].scaled(100) for pair in accuracies.values()]
        style = {"color": color, "marker": marker, "ls": "", "label": readout}
        figures.plot_estimates(ax, at + move, shares, **style)
    ax.axhline(10, color="black", lw=0.6, ls=":")
    ax.set_xticks(at, accuracies)
    ax.set(ylim=(0, 118), yticks=range(0, 101, 20), ylabel="accuracy (%)")
    ax.legend(loc="upper right", ncols=2)
    return figure, (
        "How much is left if spikes carry the recurrence? Accuracy on digits that the refitted "
        "readouts have not seen, with Wilson's 95 % intervals. Dotted: chance."
    )


def draw_example(result):
    twin, brian2, frequency_hz = result["example"]
    times, order = result["step"] * np.arange(twin.shape[1]), np.argsort(frequency_hz)
    chosen = order[np.linspace(0, len(order) - 1, min(5, len(order))).astype(int)]
    figure, axes = plt.subplots(2, 1, figsize=(9, 7), sharex=True, height_ratios=(3, 2))
    gap = 1.1 * np.ptp(twin[chosen], axis=1).max()
    shifts = gap * np.arange(len(chosen)) - twin[chosen].mean(axis=1)
    wide = axes[0].plot(times, twin[chosen].T + shifts, color=ORANGE, lw=3.5, alpha=0.6)
    thin = axes[0].plot(times, brian2[chosen].T + shifts, color="black", lw=0.9, ls="--")
    axes[0].set_yticks(gap * np.arange(len(chosen)), [f"{frequency_hz[k]:.0f} Hz" for k in chosen])
    axes[0].set(ylabel="position x of units", ylim=(None, gap * (len(chosen) - 0.1)))
    axes[0].legend([wide[0], thin[0]], ["torch twin", "Brian2"], ncols=2, loc="upper right")
    for name, color, line in (("x", BLUE, "-"), ("y", ORANGE, "--")):
        course = np.maximum(result["error"][name], 1e-17)
        axes[1].semilogy(times, course, line, color=color, label=name)
    word = "x, transposed weights, at the end"
    axes[1].axhline(result["control"], color="black", ls="-.", label=word)
    axes[1].set(xlabel="time (s)", ylabel="largest relative\ndifference", ylim=(1e-17, 1e5))
    axes[1].legend(ncols=3, loc="upper left")
    return figure, (
        "Is it the same network? Above: one trial in the float64 twin and in Brian2. Below: the "
        "largest difference over all digits and units, relative to the largest value at that "
        "step; dash-dotted, with transposed recurrent weights."
    )


def draw_spikes(result):
    spikes, frequency_hz = result["spikes"], result["example"][2]
    order = np.argsort(frequency_hz, kind="stable")
    figure, axes = plt.subplots(1, 2, figsize=(13, 4.8))
    trains = [spikes.of(0, unit) for unit in order]
    figures.plot_raster(axes[0], trains, np.asarray(frequency_hz)[order])
    axes[0].set(xlabel="time (s)", title="spikes of one trial")
    styles = zip(result["locking"].items(), (ORANGE, GREY), "ox", strict=True)
    for (name, values), color, marker in styles:
        axes[1].plot(frequency_hz, values, marker, ms=5, color=color, label=name)
    axes[1].axhline(0, color="black", lw=0.6)
    axes[1].set(xlabel="natural frequency (Hz)", ylabel="pairwise phase consistency")
    axes[1].set_title("locking of spikes to the field")
    axes[1].legend(loc="upper right")
    return figure, (
        "What do spikes tell? Left: a unit spikes once in each of its cycles, so phase, not rate, "
        "is what varies. Right: locking of each unit's spikes to the field of all others, over "
        "pairs of spikes of different trials; crosses: another trial's field, for what is common."
    )


if __name__ == "__main__":
    Transfer.main()
