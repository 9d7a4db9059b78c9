#!/usr/bin/env python
"""Does a network trained in torch answer the same as a Brian2 simulation?

Shows test digits to a trained network, in its torch twin and in Brian2, and
compares trajectories, logits and labels digit by digit. Then it looks at the
network's spikes, and lets them carry the recurrence.

    python protocols/transfer.py
    python protocols/transfer.py --params net.safetensors --device cpp
    python protocols/transfer.py --source FOLDER --digits 10000 --out DIR     # then --resume
"""

import json
import time

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import generator
from horn_neuro.report import Report, RunFolder, draw_spiking, draw_transfer, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.simulator import DEVICES, SpikeCoupling
from horn_neuro.twin import load_checkpoint

REPORT = Report(
    title="From torch to Brian2",
    question=(
        "Does a network that was trained by backpropagation in torch give the same answers as a "
        "Brian2 simulation of the same parameters? And how much of them is left if its "
        "recurrent connections carry spikes?"
    ),
    uncertainty=(
        "Brackets: Wilson's 95 % intervals over digits; one network. The digits that come along "
        "are all among MNIST's training digits, which the pretrained networks have seen: for a "
        "test accuracy, give --source."
    ),
)
SIZES = {
    "fast": {"digits": 40, "fit": 80, "chunk": 40},
    "default": {"digits": 1000, "fit": 1000, "chunk": 100},
    "full": {"digits": 10000, "fit": 4000, "chunk": 100},
}
RECORD = ("x", "y", "spikes")


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], DEVICES)
    parser.add_argument("--checkpoint", metavar="FILE", help="a state-dict of i2h, h2h and h2o")
    parser.add_argument("--omega", type=float, default=2 * np.pi / 28, help="of --checkpoint")
    parser.add_argument("--gamma", type=float, default=0.01, help="of --checkpoint")
    parser.add_argument("--alpha", type=float, default=0.04, help="of --checkpoint")
    parser.add_argument("--digits", type=int, metavar="N", help="test digits")
    parser.add_argument("--fit", type=int, metavar="N", help="training digits for new readouts")
    parser.add_argument("--chunk", type=int, metavar="N", help="digits at a time, for the memory")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    for name in ("digits", "fit", "chunk"):
        value = getattr(args, name)
        setattr(args, name, size[name] if value is None else value)
        if getattr(args, name) < 1:
            parser.error(f"--{name} {value}: give a number of at least 1")
    if args.params and args.checkpoint:
        parser.error("--params and --checkpoint: give one network")
    if args.resume and not args.out:
        parser.error("--resume: name the folder with --out")
    return args


def load_network(args):
    if args.checkpoint:
        constants = {name: getattr(args, name) for name in ("omega", "gamma", "alpha")}
        params = load_checkpoint(args.checkpoint, **constants)
    elif args.params:
        params = hn.load_parameters(args.params)
    else:
        params = hn.pretrained("horn64_heterogeneous")
    if params.n_inputs != 1 or params.n_outputs != 10 or params.n_units < 2:
        raise ValueError(
            f"{args.params or args.checkpoint} has {params.n_inputs} inputs, {params.n_units} "
            f"units and {params.n_outputs} outputs; digits are one pixel a step, in ten classes: "
            "give a network with 1 input, at least 2 units and 10 outputs"
        )
    return params


def load_digits(args, split, count):
    """Draw digits; returns inputs, labels, and where they come from."""
    sequences = hn.datasets.smnist(args.source, split)
    if count > len(sequences):
        raise ValueError(
            f"{count} digits are wanted, but {sequences.source} has {len(sequences)} to {split}: "
            "ask for fewer, or give --source"
        )
    index = generator(args.seed, f"{split} digits").permutation(len(sequences))[:count]
    data = {"source": sequences.source, "checksum": sequences.checksum}
    return sequences.inputs[index], sequences.labels[index], data


class Brian2:
    """The network in Brian2, always in chunks of the same size, so that it compiles once."""

    def __init__(self, args, progress):
        self.chunk, self.device, self.progress = args.chunk, args.device, progress
        self.used = None

    def run(self, params, inputs, **options):
        """Simulate up to one chunk of digits; returns the recording of all of it."""
        padded = np.zeros((self.chunk, *inputs.shape[1:]))
        padded[: len(inputs)] = inputs
        options = {"record": RECORD, "device": self.device, "seed": 1, **options}
        recording = hn.simulate(params, padded, **options)
        self.used = recording.provenance["device"]
        self.progress.update()
        return recording

    def final_positions(self, params, inputs, **options):
        """Return x after the last step, shape (n_digits, n_units)."""
        chunks = [
            self.run(params, inputs[k : k + self.chunk], **options).final_state.x
            for k in range(0, len(inputs), self.chunk)
        ]
        return np.concatenate(chunks)[: len(inputs)]


def readout(params, x):
    return x @ params.w_out.T + params.b_out


def compare_chunk(params, inputs, brian2):
    """Run one chunk in Brian2 and in both twins; returns arrays, and x of the first trial."""
    n = len(inputs)
    recording = brian2.run(params, inputs)
    found = {"brian2": readout(params, recording.final_state.x[:n])}
    with torch.no_grad():
        for dtype in (torch.float64, torch.float32):
            twin = hn.HornNetwork(params, dtype=dtype)
            double = dtype == torch.float64
            out = twin(torch.from_numpy(inputs).to(dtype), record=double)
            found["float64" if double else "float32"] = out.logits.double().numpy()
            if double:
                expected = out.recording.data
    for name in ("x", "y"):
        pair = recording.data[name].values[:n], expected[name].values
        # Of parts: the largest over all chunks is made of differences and scales.
        found[f"difference_{name}"] = np.abs(pair[0] - pair[1]).max(axis=(0, 1))
        found[f"scale_{name}"] = np.abs(pair[1]).max(axis=(0, 1))
    return found, recording, expected["x"].values


def compare(params, inputs, labels, folder, brian2, plan):
    """Compare all digits chunk by chunk, keeping each finished chunk; returns a Transfer."""
    (folder.path / "chunks").mkdir(exist_ok=True)
    parts, first = [], None
    for k in range(0, len(inputs), plan["chunk"]):
        path = folder.path / "chunks" / f"{k:06d}.npz"
        if path.is_file():
            with np.load(path) as kept:
                parts.append(dict(kept))
            brian2.progress.update()
        else:
            part, *rest = compare_chunk(params, inputs[k : k + plan["chunk"]], brian2)
            first = rest if k == 0 else first
            with folder.file(f"chunks/{path.name}") as temporary, open(temporary, "wb") as file:
                np.savez(file, **part)
            parts.append(part)
    if first is None:
        _, *first = compare_chunk(params, inputs[: plan["chunk"]], brian2)
    n = min(plan["chunk"], len(inputs))
    transposed = params.replace(w_rec=params.w_rec.T)
    control = brian2.run(transposed, inputs[: plan["chunk"]])
    error = analysis.trajectory_error(control.data["x"].values[:n, :, -1:], first[1][:, :, -1:])
    same = readout(params, control.final_state.x[:n]).argmax(1) == parts[0]["float64"].argmax(1)
    found = analysis.Transfer(
        labels=labels,
        logits={
            name: np.concatenate([part[name] for part in parts])
            for name in ("brian2", "float64", "float32")
        },
        error={name: _relative(parts, name) for name in ("x", "y")},
        control=float(error[0]),
        control_agreement=float(same.mean()),
    )
    return found, first


def _relative(parts, name):
    difference, scale = (
        np.max([part[f"{kind}_{name}"] for part in parts], axis=0)
        for kind in ("difference", "scale")
    )
    return np.divide(difference, scale, out=difference.copy(), where=scale > 0)


def look_at_spikes(recording, labels, seed):
    """Return spikes, rates by class, and locking to the field, with another trial's as control."""
    n = len(labels)
    x = recording.data["x"].values[:n]
    spikes = recording.spikes
    mine = spikes.trial < n
    spikes = hn.recording.SpikeTrains(
        spikes.trial[mine], spikes.unit[mine], spikes.sample[mine], x.shape, spikes.interval
    )
    width = spikes.interval * max(1, spikes.shape[2] // 28)
    binned = spikes.rates(width).mean(axis=1)
    rates = {int(label): binned[labels == label].mean(axis=0) for label in np.unique(labels)}
    phase = analysis.field_phase(x)
    shift = 1 + generator(seed, "other trials").integers(n - 1) if n > 1 else 0
    locking = {
        "field of the same trial": analysis.spike_phase_locking(spikes, phase),
        "field of another trial": analysis.spike_phase_locking(
            spikes, np.roll(phase, shift, axis=0)
        ),
    }
    return spikes, rates, locking


def carry_by_spikes(params, recording, fit, test, brian2):
    """Accuracy with each kind of recurrence, read out as trained and by a refitted readout."""
    silent = params.replace(w_rec=np.zeros_like(params.w_rec))
    networks = {
        "continuous recurrence": (params, {}),
        "graded spikes": (params, {"coupling": SpikeCoupling.calibrated(params, recording, True)}),
        "uniform spikes": (params, {"coupling": SpikeCoupling.calibrated(params, recording)}),
        "no recurrence": (silent, {}),
    }
    accuracies = {}
    for name, (network, options) in networks.items():
        if "coupling" in options:
            options = {**options, "record": ()}
        x, new = (brian2.final_positions(network, d[0], **options) for d in (fit, test))
        refitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        refitted.fit(x, fit[1])
        accuracies[name] = {
            "as trained": analysis.proportion(readout(params, new).argmax(1) == test[1]),
            "refitted readout": analysis.proportion(refitted.predict(new) == test[1]),
        }
    return accuracies


def keep_plan(folder, plan, resume):
    """Write what decides about the results, or compare with what an earlier run wrote."""
    path = folder.path / "plan.json"
    if resume and path.is_file():
        earlier = json.loads(path.read_text())
        changed = [name for name in plan if earlier.get(name) != plan[name]]
        if changed:
            raise ValueError(
                f"--resume: {folder.path} was begun with {changed[0]} = {earlier.get(changed[0])}, "
                f"not {plan[changed[0]]}; give the same options, or another --out"
            )
    folder.save_json("plan.json", plan)


def main(argv=None):
    """Run the protocol; returns the comparison, and the accuracies with spikes."""
    started = time.time()
    args = parse(argv)
    params = load_network(args)
    inputs, labels, data = load_digits(args, "test", args.digits)
    *fit, _ = load_digits(args, "train", args.fit)
    folder = RunFolder(args.out, "transfer", again=args.resume)
    plan = {name: getattr(args, name) for name in ("digits", "fit", "chunk", "seed", "device")}
    plan |= {"parameters": params.fingerprint, **data}
    keep_plan(folder, plan, args.resume)

    n_test = min(args.digits, SIZES["default"]["digits"])
    chunks = [-(-n // args.chunk) for n in (args.digits, args.fit, n_test)]
    with tqdm(total=chunks[0] + 1 + 4 * (chunks[1] + chunks[2]), unit="chunk") as progress:
        brian2 = Brian2(args, progress)
        progress.set_description("comparing")
        found, (recording, twin_x) = compare(params, inputs, labels, folder, brian2, plan)
        compared = round(time.time() - started, 1)
        first = labels[: args.chunk]
        spikes, rates, locking = look_at_spikes(recording, first, args.seed)
        progress.set_description("spiking")
        test = inputs[:n_test], labels[:n_test]
        accuracies = carry_by_spikes(params, recording, fit, test, brian2)

    numbers = [*found.numbers(), *spiking_numbers(spikes, locking, accuracies)]
    order = np.argsort(params.frequency_hz, kind="stable")
    example = {"twin": twin_x[0][order], "brian2": recording.data["x"].values[0][order]}
    config = {
        "protocol": "transfer",
        "arguments": vars(args),
        **plan,
        "used_device": brian2.used,
        "recording": recording.provenance,
        "seconds_to_compare": compared,
        "seconds": round(time.time() - started, 1),
    }
    results = found.summary() | {
        "spike_phase_locking": {name: values.tolist() for name, values in locking.items()},
        "accuracy_with_spikes": {
            name: {kind: estimate.to_dict() for kind, estimate in pair.items()}
            for name, pair in accuracies.items()
        },
    }
    with styled():
        drawn = draw_transfer(found, example, params.step)
        drawn |= draw_spiking(spikes, rates, locking, accuracies, params.frequency_hz)
        params.save(folder.path / "params.safetensors")
        REPORT.write(folder, numbers, drawn, results, config)
    for name in ("brian2", "float32"):
        for row in found.differing(name):
            print(f"  differs: {row}")
    REPORT.print(
        folder,
        f"{args.digits} digits, {params.n_units} units, on {brian2.used}, {compared} s",
        numbers,
    )
    return found, accuracies


def spiking_numbers(spikes, locking, accuracies):
    rates = spikes.rates().mean(axis=0)
    numbers = [
        (
            "Spikes of a unit a second",
            f"{rates.mean():.1f} ({rates.min():.1f} to {rates.max():.1f})",
        )
    ]
    for name, values in locking.items():
        low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75])
        numbers.append(
            (
                f"Phase consistency of spikes with the {name}",
                f"median {middle:.3f}, quartiles {low:.3f} to {high:.3f}",
            )
        )
    for name, pair in accuracies.items():
        value = "; ".join(f"{kind} {estimate.scaled(100)}" for kind, estimate in pair.items())
        numbers.append((f"Accuracy, {name} (%)", value))
    return numbers


if __name__ == "__main__":
    main()
