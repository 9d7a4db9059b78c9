#!/usr/bin/env python
"""Which natural frequency suits the task, and does the spectrum of its inputs tell?

Trains networks on sequential MNIST for a fixed budget, with natural frequencies on a log grid
around 2 pi / 28, the rhythm of rows of pixels: equal units, and units spread by the same number of
octaves around each. Every network is trained at two learning rates, of which its own validation
digits choose. Test accuracy stands beside the power of the digits that a unit hears: the mean of
their spectrum, weighted by the squared exact gain, over its mean at all frequencies. The control
is one shuffled order of pixels for each seed: the same pixels without the rhythm, and a spectrum
that is flat but for chance. Seeds draw weights, frequencies, orders and batches, and are what
intervals are over; p-values of rank correlations permute the grid.

Alpha, gamma and the std of w_rec are those of train_smnist at all frequencies, so that units
forget at the same pace (1 / gamma steps), hear equally broad bands (2 gamma) and drive each other
equally (their velocity answers a resonant input by alpha / (2 gamma)), while their position, which
is read out, answers by a factor that falls as 1 / omega, and fewer cycles are remembered at low
omega. `--damping proportional` is the other choice: gamma, and alpha with it, in proportion to
omega, for the same memory in cycles and the same relative bandwidth. Budgets are small; how equal
units of several frequencies do when they are trained out is told on the page on training.

    horn-neuro omega_sweep --source FOLDER --full
"""

import time
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
from scipy import stats

from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, log_uniform
from horn_neuro.report import figures
from horn_neuro.report.style import BLUE, GREY, ORANGE, SKY
from horn_neuro.twin import HornNetwork, evaluate

ROW = 2 * np.pi / 28  # the frequency of rows of pixels, in rad per step
ALPHA, GAMMA, COUPLING = 0.07, 0.02, 1.6  # as in train_smnist
RATES = (2e-2, 6e-2)
KINDS = {"equal": (BLUE, "o"), "heterogeneous": (ORANGE, "s")}
ORDERS = ("digits", "shuffled pixels")
# Half octaves from half a cycle on, where rows have their harmonics, octaves below.
CYCLES = (0.125, 0.25, 0.5, 0.707, 1.0, 1.414, 2.0, 2.828, 4.0)
POWERS, DRAWS = ("heard", "passed"), 2000


class OmegaSweep(DigitExperiment):
    title = "The natural frequency"
    takes = Sizes("10 s", "1 min", "")
    resumes = True
    cycles = Option(
        Sizes((0.25, 1.0, 2.0), CYCLES, CYCLES),
        *("natural frequencies in cycles a row of 28 pixels, log-spaced", float, None, 0),
        different=3,
    )
    spread = Option(1.0, "octaves either side of it in heterogeneous networks", above=0)
    damping = Option("equal", "gamma, alpha, at all frequencies", choices=("equal", "proportional"))
    seeds = Option(Sizes((1, 2), (1, 2, 3), range(1, 6)), "of networks", least=0, different=2)
    units = Option(Sizes(8, 16, 32), "of each network", least=1)
    epochs = Option(Sizes(1, 3, 3), "of training", least=1)
    optimizer = material.OPTIMIZER
    train = Option(Sizes(160, 1500, 10000), "digits to train and validate on", least=160)
    test = Option(Sizes(100, 1000, 5000), "digits to test on", least=10)

    def measure(self):
        self.cycles = tuple(sorted(self.cycles))
        cells = list(product(self.seeds, KINDS, ORDERS, self.cycles))
        networks = [self.network(kind, cycles, seed) for seed, kind, _, cycles in cells]
        rng = generator(self.seeds[0], "digits")
        self.learned = self.load_digits("train", self.train, rng, "train")
        self.tested = self.load_digits("test", self.test, rng, "test")
        self.expect(len(cells), "network")
        names = [f"seed {s}, {k}, {o}, {c:g}" for s, k, o, c in cells]
        work = [partial(self.learn, n, c[2], c[0]) for n, c in zip(networks, cells, strict=True)]
        runs = list(self.keep_all(list(zip(names, work, strict=True))))
        spectra = {order: [self.spectrum(order, seed) for seed in self.seeds] for order in ORDERS}
        for run, network, (seed, _, order, _) in zip(runs, networks, cells, strict=True):
            run |= powers(network, *spectra[order][self.seeds.index(seed)])
        shape = len(self.seeds), len(KINDS), len(ORDERS), len(self.cycles)
        values = {key: np.reshape([run[key] for run in runs], shape) for key in runs[0]}
        arms = {
            f"{kind}, {order}": {key: value[:, i, j] for key, value in values.items()}
            for (i, kind), (j, order) in product(enumerate(KINDS), enumerate(ORDERS))
        }
        return {"arms": arms, "spectra": spectra}

    def network(self, kind, cycles, seed):
        """Equal or heterogeneous units, with the same weights at all frequencies."""
        omega, pace = cycles * ROW, cycles if self.damping == "proportional" else 1.0
        options = {"omega": omega, "gamma": pace * GAMMA, "alpha": pace * ALPHA}
        params = material.untrained(self.units, COUPLING, seed, heterogeneous=False, **options)
        if kind == "equal":
            return params
        factor = log_uniform(2**-self.spread, 2**self.spread, self.units, generator(seed, "omega"))
        return params.replace(omega=omega * factor)

    def ordered(self, digits, order, seed):
        """Digits with their pixels in order, or in the shuffled one of a seed."""
        if order == "digits":
            return digits
        steps = generator(seed, "shuffle").permutation(digits.inputs.shape[1])
        return replace(digits, inputs=digits.inputs[:, steps])

    def learn(self, network, order, seed):
        """Train at each rate, and test what answers most validation digits right."""
        digits, started = self.ordered(self.learned, order, seed), time.perf_counter()
        tested = material.as_tensors(self.ordered(self.tested, order, seed))
        n, best = min(1000, self.train // 5), {"validation": 0.0, "test": 0.1, "rate": np.nan}
        for rate in RATES:
            model = HornNetwork(network)
            options = {"epochs": self.epochs, "optimizer": self.optimizer, "learning_rate": rate}
            try:
                metrics, state = material.train_briefly(model, digits, n, seed=seed, **options)
            except FloatingPointError:  # it answers by chance
                continue
            validation = max(row["validation_accuracy"] for row in metrics)
            if validation > best["validation"]:
                model.load_state_dict(state)
                share = evaluate(model, *tested)[1]
                best = {"validation": validation, "test": share, "rate": rate}
        return {**best, "seconds": time.perf_counter() - started}

    def spectrum(self, order, seed):
        """Mean power of inputs over that at all frequencies, but for their mean."""
        inputs = self.ordered(self.learned, order, seed).inputs[:1000, :, 0]
        frequencies, power = analysis.input_spectrum(inputs)
        return frequencies, power.mean(axis=0) / power.mean()

    def findings(self, result):
        rows, octaves, every = {}, np.log2(self.cycles), np.arange(len(self.seeds))
        for name, arm in result["arms"].items():
            shares, rng = arm["test"], generator(0, "bootstrap")
            found = analysis.bootstrap(
                lambda weights, shares=shares: peak(weights @ shares, octaves), every, DRAWS, rng
            )
            ends = np.array([found.value, found.low, found.high])
            best = shares.mean(axis=0).argmax()
            cycles = 2.0 ** ends[:, 0]
            rows[f"{name}: best frequency"] = analysis.Estimate(*cycles, "cycles a row", found.n)
            rows[f"{name}: width"] = analysis.Estimate(*ends[:, 1], "octaves", found.n)
            rows[f"{name}: test accuracy there"] = percent(shares[:, best])
            rows[f"{name}: test accuracy over all"] = percent(shares.mean(axis=1))
        for kind, power in product(KINDS, POWERS):
            predicted, rho = result["arms"][f"{kind}, digits"][power], {}
            for order in ORDERS:
                shares = result["arms"][f"{kind}, {order}"]["test"]
                rho[order], p_value = agreement(predicted, shares, generator(0, "permutations"))
                tested = {"p_value": p_value, "at_floor": p_value < 1.5 / DRAWS or None}
                name = f"{kind}, {order}: rank correlation with power {power} in digits"
                rows[name] = replace(analysis.mean_interval(rho[order]), **tested)
            difference = analysis.paired_difference(rho["digits"], rho["shuffled pixels"])
            rows[f"{kind}: rank correlation with power {power}, digits minus shuffled"] = difference
        return Findings(self.answer(rows), rows, self.details(result))

    def answer(self, rows):
        where, told = [], []
        for kind in KINDS:
            name = f"{kind}, digits"
            where.append(
                f"{kind} units at {rows[f'{name}: best frequency']} "
                f"({rows[f'{name}: test accuracy there']} of test digits, "
                f"{rows[f'{name}: test accuracy over all']} over all frequencies; the peak is "
                f"{rows[f'{name}: width']} wide)"
            )
            rho, less = (
                rows[f"{kind}, {order}: rank correlation with power heard in digits"]
                for order in ORDERS
            )
            clear = rho.sign if rho.p_value < 0.05 else 0  # over networks, and over the grid
            word = {1: "does", 0: "does not clearly", -1: "does the opposite"}[clear]
            told.append(
                f"for {kind} units it {word} (rank correlation with accuracy {rho}, p = "
                f"{rho.p_text}; with shuffled pixels {less}, p = {less.p_text})"
            )
        return [
            f"{len(self.seeds)} networks each answer best: {' and '.join(where)}.",
            f"Whether the power that they hear in the spectrum tells: {'; '.join(told)}.",
        ]

    def details(self, result):
        """Seeds are rows, frequencies columns."""
        arms = {
            name: {key: np.round(value, 4) for key, value in arm.items() if key != "seconds"}
            for name, arm in result["arms"].items()
        }
        seconds = sum(arm["seconds"].sum() for arm in result["arms"].values())
        return {"cycles": self.cycles, **arms, "seconds of all networks": seconds}

    def figures(self, result):
        return {
            "Accuracy and spectrum": self.draw_accuracy(result),
            "Predicted and found": self.draw_prediction(result["arms"]),
        }

    def draw_accuracy(self, result):
        share = {"height_ratios": (1.4, 1), "sharex": True, "sharey": "row"}
        figure, axes = figures.grid(2, 2, 5.4, 3.2, **share)
        omega = ROW * np.array(self.cycles)
        for order, (top, bottom) in zip(ORDERS, axes.T, strict=True):
            for f, power in result["spectra"][order][: 1 if order == "digits" else None]:
                inside = (f > omega[0] / 1.3) & (f < 1.3 * omega[-1])
                bottom.plot(f[inside], power[inside], color=GREY, lw=0.8, zorder=0)
            gain = np.abs(analysis.discrete_gain(self.network("equal", 1.0, 0), f[inside]))[0] ** 2
            bottom.plot(f[inside], gain / gain.max() * power[inside].max(), "k--", lw=0.8, zorder=0)
            for kind, (color, marker) in KINDS.items():
                arm, style = result["arms"][f"{kind}, {order}"], {"color": color, "marker": marker}
                top.plot(omega, 100 * arm["test"].T, ls="", ms=3, alpha=0.5, **style)
                top.plot(omega, 100 * arm["test"].mean(axis=0), ms=6, **style, label=kind)
                bottom.plot(omega, arm["heard"].mean(axis=0), ms=5, lw=1, **style)
            for ax in (top, bottom):
                for harmonic in range(1, 1 + int(1.3 * omega[-1] / ROW)):
                    ax.axvline(harmonic * ROW, color=SKY, ls=":", lw=1.2, zorder=0)
            top.axhline(10, color="black", lw=0.6, ls=":")
            top.set_title(order)
            bottom.set(xscale="log", yscale="log", xlabel="natural frequency omega (rad a step)")
            figures.label_log_axis(bottom.xaxis)
            above = top.secondary_xaxis("top", functions=(lambda w: w / ROW, lambda c: c * ROW))
            above.set_xlabel("cycles a row")
            figures.label_log_axis(above.xaxis)
        axes[0, 0].set_ylabel("test accuracy (%)")
        axes[1, 0].set(ylabel="power of the input\nover its mean", ylim=(0.02, None))
        axes[0, 0].legend(loc="best")
        return figure, (
            "Which natural frequency suits the task? Above: test accuracy; small marks: networks; "
            "lines: means; dotted: chance. Below, grey: spectrum of the inputs, for shuffled "
            "pixels one of each seed; marks: the power that units of each frequency hear; dashed: "
            "squared gain of a unit at 1 cycle a row, scaled. Blue, dotted: rows, and harmonics."
        )

    def draw_prediction(self, arms):
        figure, axes = figures.grid(1, len(KINDS), 5.2, 4, sharey=True)
        for ax, kind in zip(axes[0], KINDS, strict=True):
            heard = arms[f"{kind}, digits"]["heard"].mean(axis=0)
            for order, color, marker in ((ORDERS[0], KINDS[kind][0], "o"), (ORDERS[1], GREY, "x")):
                shares = 100 * arms[f"{kind}, {order}"]["test"]
                estimates = [analysis.mean_interval(column) for column in shares.T]
                style = {"color": color, "marker": marker, "ls": "", "label": order}
                figures.plot_estimates(ax, heard, estimates, **style)
                if order == "digits":
                    for x, y, c in zip(heard, shares.mean(axis=0), self.cycles, strict=True):
                        text = {"xytext": (5, 3), "textcoords": "offset points"}
                        ax.annotate(f"{c:g}", (x, y), fontsize="small", **text)
            ax.axhline(10, color="black", lw=0.6, ls=":")
            ax.set(title=kind, xscale="log", xlabel="power heard in the digits, over the mean")
            figures.label_log_axis(ax.xaxis)
        axes[0, 0].set(ylabel="test accuracy (%)", ylim=(0, None))
        axes[0, 0].legend(loc="lower right")
        return figure, (
            "Does the spectrum tell? Test accuracy, means over seeds with 95 % t intervals, "
            "against the power of the digits that units hear, for each natural frequency "
            "(numbers: cycles a row); crosses: shuffled pixels, where that power is not there."
        )


def percent(shares):
    return analysis.mean_interval(shares).scaled(100, "%")


def peak(accuracy, octaves):
    """Return best frequency, and width at half the height of its peak, both in octaves.

    Of curves of shape (n_draws, n_frequencies), with lines between the points of the grid; a
    width ends where the grid does.
    """
    fine, found = np.linspace(octaves[0], octaves[-1], 50 * len(octaves)), []
    for row in accuracy:
        low = np.interp(fine, octaves, row) < (row.max() + row.min()) / 2
        best = octaves[row.argmax()]
        start = fine[low & (fine < best)].max(initial=octaves[0])
        end = fine[low & (fine > best)].min(initial=octaves[-1])
        found.append((best, end - start))
    return np.array(found)


def agreement(predicted, accuracy, rng):
    """Return Spearman's correlation over frequencies, shape (n_seeds,), and p of its mean.

    Two-sided, by permutations of the grid that are the same for all seeds.
    """
    first, second = (
        stats.zscore(stats.rankdata(values, axis=1), axis=1) for values in (predicted, accuracy)
    )
    orders = [rng.permutation(first.shape[1]) for _ in range(DRAWS)]
    draws = np.array([(first[:, order] * second).mean() for order in orders])
    each = (first * second).mean(axis=1)
    extreme = np.abs(draws) >= abs(each.mean()) - 1e-12
    return each, float((1 + extreme.sum()) / (1 + DRAWS))


def powers(params, frequencies, spectrum):
    """Return what units hear of a spectrum: mean weighted by their squared gain; and its sum."""
    gain = np.abs(analysis.discrete_gain(params, frequencies)) ** 2
    heard, passed = gain @ spectrum / gain.sum(axis=1), gain @ spectrum * frequencies[1]
    return {"heard": float(heard.mean()), "passed": float(passed.mean())}


if __name__ == "__main__":
    OmegaSweep.main()
