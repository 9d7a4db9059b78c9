#!/usr/bin/env python
"""What does a unit resonate to, and what is there in the digits to resonate to?

Drives uncoupled units of a network by sines, all frequencies in one simulation,
and compares their gain with the exact one of the stepped equations and with
continuous time; then drives one unit ever more strongly, into the tanh; then
looks at the receptive fields of the whole network beside the spectrum of real
digit sequences, with shuffled pixels as the control.

    python protocols/resonance.py
    python protocols/resonance.py --params net.safetensors
"""

import time

import numpy as np
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import generator
from horn_neuro.report import Report, RunFolder, draw_resonance, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.simulator import DEVICES

REPORT = Report(
    title="Resonance",
    question=(
        "What frequencies do the oscillators of a network respond to, how sharply, how does "
        "that change when the input drives the tanh into saturation, and where in the spectrum "
        "of digit sequences do these receptive fields lie?"
    ),
    uncertainty=(
        "Gains are deterministic: their error is that of the measurement against the exact "
        "formula. Brackets: 95 % bootstrap intervals over digits."
    ),
)
SIZES = {
    "fast": {"frequencies": 24, "digits": 100, "amplitudes": 5},
    "default": {"frequencies": 96, "digits": 500, "amplitudes": 9},
    "full": {"frequencies": 384, "digits": 4000, "amplitudes": 17},
}
WEAK = 1e-3  # where tanh is linear to 1e-6
SETTLE = 12  # decay times of the slowest unit, after which 6e-6 of a transient is left
RESAMPLES = 1000


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], DEVICES)
    parser.add_argument("--frequencies", type=int, metavar="N", help="points of the grid")
    parser.add_argument("--digits", type=int, metavar="N", help="digits for the spectrum")
    parser.add_argument("--units", type=int, default=64, help="of the default network")
    parser.add_argument("--amplitude", type=float, default=WEAK, help="of the weak sines")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.frequencies = size["frequencies"] if args.frequencies is None else args.frequencies
    args.digits = size["digits"] if args.digits is None else args.digits
    if args.frequencies < 5:
        parser.error(f"--frequencies {args.frequencies}: a curve needs at least 5")
    if args.digits < 2:
        parser.error(f"--digits {args.digits}: an interval over digits needs at least 2")
    if not args.amplitude > 0:
        parser.error(f"--amplitude {args.amplitude}: give a number above 0")
    return args, size["amplitudes"]


def uncouple(params):
    """Let every unit hear the input alone, with weight 1 and no bias."""
    n = params.n_units
    return params.replace(w_in=np.ones((n, 1)), b_in=0.0, b_rec=0.0, w_rec=np.zeros((n, n)))


def frequency_grid(params, count):
    """Frequencies from half the slowest to twice the fastest unit's, finest where they are."""
    highest = min(2 * params.omega.max(), 0.9 * np.pi / params.h)
    return np.geomspace(params.omega.min() / 3, highest, count)


def measure(params, frequencies, amplitudes, args):
    """Drive all units by sines; returns complex responses per amplitude, and rms of x."""
    settle = int(SETTLE / (params.gamma.min() * params.h))
    cycle = 2 * np.pi / (params.h * frequencies.min())
    n_steps = settle + int(max(10 * cycle, 500))
    angle = frequencies[:, None] * params.h * np.arange(n_steps)
    drive = np.broadcast_to(amplitudes, frequencies.shape)[:, None] * np.sin(angle)
    recording = hn.simulate(params, drive[:, :, None], record="x", device=args.device, seed=1)
    x = recording.data["x"].values
    response = analysis.fit_sine(x, frequencies, params.h, start=settle) / amplitudes
    return response, x[:, :, settle:].std(axis=2).T, recording.provenance["device"]


def digit_response(params, inputs, args):
    """Variance of x under digits, unit by unit, measured and as gain and spectrum predict it."""
    quiet = WEAK * (inputs - inputs.mean(axis=1, keepdims=True))
    # Repeated, so that the second showing has no transient of an onset.
    twice = np.concatenate([quiet, quiet, quiet], axis=1)
    recording = hn.simulate(params, twice, record="x", device=args.device, seed=1)
    steps = inputs.shape[1]
    x = recording.data["x"].values[:, :, -steps:] / WEAK
    measured = x.var(axis=2).mean(axis=0)
    # A periodic input has power at multiples of 1 / steps only.
    amplitude = np.fft.rfft(quiet[:, :, 0] / WEAK, axis=1) / steps
    frequencies = 2 * np.pi * np.arange(1, amplitude.shape[1]) / steps / params.h
    weight = np.full(len(frequencies), 2.0)
    weight[-1] = 1.0 if steps % 2 == 0 else 2.0
    power = (np.abs(amplitude[:, 1:]) ** 2).mean(axis=0) * weight
    predicted = np.abs(analysis.discrete_gain(params, frequencies)) ** 2 @ power
    return measured, predicted


def main(argv=None):
    """Run the protocol; returns the measured and exact responses of all units."""
    started = time.time()
    args, n_amplitudes = parse(argv)
    if args.params:
        params = hn.load_parameters(args.params)
        networks = {"this network": params}
    else:
        networks = {
            name: hn.effenberger_2025(args.units, heterogeneous=name == "heterogeneous",
                                      seed=args.seed)
            for name in ("homogeneous", "heterogeneous")
        }  # fmt: skip
    sequences = hn.datasets.smnist(args.source, "train")
    if args.digits > len(sequences):
        raise ValueError(
            f"--digits {args.digits}, but {sequences.source} has {len(sequences)}: ask for fewer"
        )
    chosen = generator(args.seed, "digits").permutation(len(sequences))[: args.digits]
    inputs = sequences.inputs[chosen]
    folder = RunFolder(args.out, "resonance")

    curves, numbers = {}, []
    with tqdm(total=len(networks) + 3, bar_format="{l_bar}{bar}| {elapsed}") as progress:
        for name, network in networks.items():
            progress.set_description(f"sines, {name}")
            units = uncouple(network)
            frequencies = frequency_grid(units, args.frequencies)
            response, _, device = measure(units, frequencies, args.amplitude, args)
            exact = analysis.discrete_gain(units, frequencies)
            curves[name] = {
                "params": units,
                "measured": analysis.GainCurve(frequencies, np.abs(response)),
                "exact": exact,
                "continuous": analysis.continuous_gain(units, frequencies),
                "error": float(np.abs(response / exact - 1).max()),
                "gain_error": float(np.abs(np.abs(response / exact) - 1).max()),
            }
            numbers += curve_numbers(name, curves[name])
            progress.update()
        units = curves[next(reversed(curves))]["params"]
        progress.set_description("strong sines")
        strong = strong_sines(units, n_amplitudes, args)
        progress.update()
        progress.set_description("digits")
        spectra = {
            "digits": analysis.input_spectrum(inputs[:, :, 0]),
            "shuffled pixels": analysis.input_spectrum(
                generator(args.seed, "shuffle").permuted(inputs[:, :, 0], axis=1)
            ),
        }
        spectra = {
            name: (f, analysis.bootstrap(lambda w, p=p: w @ p, np.arange(len(p)), RESAMPLES,
                                         generator(args.seed, "bootstrap")))
            for name, (f, p) in spectra.items()
        }  # fmt: skip
        measured, predicted = digit_response(units, inputs[:100], args)
        progress.update()
        numbers += digit_numbers(spectra, units, measured, predicted)
        numbers.append(
            (
                "Strong sines: largest error of tanh's describing function",
                f"{100 * np.abs(strong['response'] / strong['expected'] - 1).max():.2g} %",
            )
        )
        config = {
            "protocol": "resonance",
            "arguments": vars(args),
            "digits": {"source": sequences.source, "checksum": sequences.checksum},
            "used_device": device,
            "parameters": {name: network.provenance for name, network in networks.items()},
            "seconds": round(time.time() - started, 1),
        }
        with styled():
            drawn = draw_resonance(curves, strong, spectra, (units, measured, predicted))
            units.save(folder.path / "params.safetensors")
            REPORT.write(
                folder, numbers, drawn, results_of(curves, strong, measured, predicted), config
            )
        progress.update()
    REPORT.print(folder, f"{args.frequencies} frequencies, on {device}", numbers)
    return curves, strong, (measured, predicted)


def strong_sines(units, n_amplitudes, args):
    """Drive the unit of median frequency ever more strongly, over all frequencies."""
    middle = np.argsort(units.omega)[units.n_units // 2]
    one = hn.HornParameters(
        **{name: getattr(units, name)[[middle]] for name in
           ("omega", "gamma", "alpha", "feedback", "w_in")},
        b_in=0.0, w_rec=[[0.0]], b_rec=0.0, w_out=[[1.0]], b_out=0.0, h=units.h, step=units.step,
    )  # fmt: skip
    omega = one.omega[0]
    frequencies = np.unique(np.r_[np.geomspace(omega / 6, 2 * omega, args.frequencies),
                                  omega / 5, omega / 3, omega])  # fmt: skip
    amplitudes = np.geomspace(0.03, 30, n_amplitudes)
    pairs = np.array([(a, f) for a in amplitudes for f in frequencies])
    response, rms, _ = measure(one, pairs[:, 1], pairs[:, 0], args)
    shape = len(amplitudes), len(frequencies)
    gain = analysis.discrete_gain(one, frequencies)[0]
    return {
        "omega": omega,
        "frequencies": frequencies,
        "amplitudes": amplitudes,
        "response": response.reshape(shape),
        "expected": gain * analysis.describing_function(amplitudes)[:, None],
        "rms": rms.reshape(shape),
        "parameters": one,
    }


def curve_numbers(name, curve):
    measured, params = curve["measured"], curve["params"]
    quality = measured.quality
    text = {
        "Largest error of the gain against the exact one": f"{100 * curve['gain_error']:.2g} %",
        "Peak over natural frequency": _range(measured.peak / params.omega, 4),
        "Largest gain": _range(measured.gain.max(axis=1), 3),
        "Q factor (omega / 2 gamma in theory)":
            f"{_range(quality, 3)} ({_range(params.omega / (2 * params.gamma), 3)})",
    }  # fmt: skip
    return [(f"{key}, {name}", value) for key, value in text.items()]


def _range(values, digits):
    low, middle, high = np.nanquantile(values, [0, 0.5, 1])
    if np.isclose(low, high, rtol=1e-3):
        return f"{middle:.{digits}g}"
    return f"{middle:.{digits}g} ({low:.{digits}g} to {high:.{digits}g})"


def digit_numbers(spectra, units, measured, predicted):
    row = 2 * np.pi / 28
    numbers = []
    for name, (frequencies, power) in spectra.items():
        around = (frequencies > 0.5 * row) & (frequencies < 1.5 * row)
        peak = frequencies[around][power.value[around].argmax()]
        near = np.abs(frequencies - row) < row / 14
        share = analysis.Estimate(
            *(getattr(power, key)[near].mean() / power.value[1:].mean()
              for key in ("value", "low", "high"))
        )  # fmt: skip
        numbers.append(
            (
                f"Power at 2 pi / 28 over the mean of all frequencies, {name}",
                f"{share}; largest nearby at 2 pi / {2 * np.pi / peak:.1f}",
            )
        )
    error = np.abs(predicted / measured - 1).max()
    best = 2 * np.pi / units.omega[measured.argmax()]
    numbers.append(
        (
            "Variance under digits: largest error of gain times spectrum; most responsive unit",
            f"{100 * error:.2g} %; omega = 2 pi / {best:.1f}",
        )
    )
    return numbers


def results_of(curves, strong, measured, predicted):
    return {
        "networks": {
            name: {
                "frequencies": curve["measured"].frequencies.tolist(),
                "gain": curve["measured"].gain.tolist(),
                "peak": curve["measured"].peak.tolist(),
                "bandwidth": curve["measured"].bandwidth.tolist(),
                "quality": curve["measured"].quality.tolist(),
                "largest_error": curve["error"],
                "largest_gain_error": curve["gain_error"],
            }
            for name, curve in curves.items()
        },
        "strong_sines": {
            "frequencies": strong["frequencies"].tolist(),
            "amplitudes": strong["amplitudes"].tolist(),
            "gain": np.abs(strong["response"]).tolist(),
            "rms": strong["rms"].tolist(),
        },
        "variance_under_digits": {
            "measured": measured.tolist(),
            "predicted": predicted.tolist(),
        },
    }


if __name__ == "__main__":
    main()
