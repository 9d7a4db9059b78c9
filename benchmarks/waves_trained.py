"""Do waves run along the units of trained networks?

    python benchmarks/waves_trained.py [--small]

writes benchmarks/results/waves_trained.json (with --small, it prints only). Networks: pretrained
ones of each kind, and small ones that are trained here with delays from the distances of random
positions. Units in a line by natural frequency, by an embedding of the weights (second eigenvector
of the normalised Laplacian of |W| + |W^T|), and, where there are delays, by the same embedding of
1 / delay and of |W| / delay, and by place. The measure is the length of the mean phase step between
neighbours, over times and digits, which is 1 for a plane wave; from it, the mean of random orders
of the same units is subtracted. The network is the unit; intervals are over networks.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import material
from horn_neuro.parameters import distance_delays, generator
from horn_neuro.twin import HornNetwork, evaluate

ORDERS = 99  # random ones, for each network
TRAINED = {"units": 32, "digits": 2400, "epochs": 6, "learning_rate": 2e-2}
VELOCITY = 0.7  # m/s; positions in a square of 1 cm, so that delays have up to 20 steps of 1 ms


def embedded(strength):
    """Return units in the order of the second eigenvector of the normalised Laplacian."""
    strength = strength + strength.T
    np.fill_diagonal(strength, 0)
    degree = strength.sum(axis=1)
    laplacian = np.eye(len(degree)) - strength / np.sqrt(np.outer(degree, degree))
    return np.argsort(np.linalg.eigh(laplacian)[1][:, 1])


def orders(params):
    """Return orders of the units (dict of str to ndarray)."""
    weights = np.abs(params.w_rec)
    found = {"weights": embedded(weights)}
    if np.ptp(params.omega):
        found["frequency"] = np.argsort(params.omega)
    if params.delays is not None:
        nearness = 1.0 / params.delays
        found |= {
            "delays": embedded(nearness),
            "weights and delays": embedded(weights * nearness),
            "place": np.argsort(params.positions[:, 0]),
        }
    return found


def shared_step(z, order):
    """Return the length of the mean phase step between neighbours in an order (float)."""
    step = np.conj(z[:, order[:-1]]) * z[:, order[1:]]
    return np.abs((step / np.maximum(np.abs(step), 1e-12)).mean(axis=1)).mean()


def measure(params, inputs, rng):
    """Return the effect of each order, its p-value, and the power that runs forward."""
    recording = hn.simulate(params, inputs, device="numpy")
    z = analysis.analytic_signal(recording).values[:, :, 100::4]
    null = [shared_step(z, rng.permutation(params.n_units)) for _ in range(ORDERS)]
    scaled = z / np.abs(z).mean(axis=2, keepdims=True)
    rows = {}
    for name, order in orders(params).items():
        value = shared_step(z, order)
        senses = np.mean([analysis.fourier_quadrants(trial[order]) for trial in scaled], axis=0)
        rows[name] = {
            "shared step": value,
            "minus random": value - np.mean(null),
            "p": (1 + int(np.sum(null >= value))) / (1 + ORDERS),
            "forward": senses[0],
            "backward": senses[1],
        }
    return rows


def trained_with_delays(seed, digits, tested, size):
    """Return a network that has learned with delays, and its test accuracy."""
    params = material.untrained(size["units"], 1.6, seed, gamma=0.02, alpha=0.07)
    positions = generator(seed, "positions").uniform(0, 0.01, (size["units"], 2))
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    far = np.maximum(distances, VELOCITY * params.step) / params.step
    params = params.replace(delays=distance_delays(far, VELOCITY), positions=positions)
    model = HornNetwork(params, backend="analytic")
    options = {"epochs": size["epochs"], "learning_rate": size["learning_rate"], "seed": seed}
    _, best = material.train_briefly(model, digits, len(digits) // 6, **options)
    model.load_state_dict(best)
    return model.to_parameters(), evaluate(model, *material.as_tensors(tested))[1]


def summary(networks):
    """Return means over networks with intervals, by kind and order."""
    found = {}
    for one in networks:
        for order, row in one["orders"].items():
            found.setdefault(f"{one['kind']}, {order}", []).append(row)
    return {
        name: {
            what: analysis.mean_interval([row[what] for row in rows]).to_dict()
            for what in ("shared step", "minus random", "forward", "backward")
        }
        | {"p": [row["p"] for row in rows]}
        for name, rows in found.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="one network of each kind; no file")
    small = parser.parse_args().small
    rng, count = np.random.default_rng(0), 1 if small else 5
    tested = hn.datasets.smnist(split="test")
    inputs = tested.inputs[tested.balanced(1 if small else 2, np.random.default_rng(1))]
    networks = []
    for kind in ("heterogeneous", "homogeneous"):
        for k, params in enumerate(material.trained_networks(kind, count)):
            networks.append({"kind": kind, "network": k, "orders": measure(params, inputs, rng)})
            print(kind, k, networks[-1]["orders"]["weights"], flush=True)
    digits = hn.datasets.smnist(split="train", seed=None)
    size = TRAINED | ({"units": 8, "digits": 120, "epochs": 1} if small else {})
    for seed in range(1, count + 1):
        some = digits[generator(seed, "digits").permutation(len(digits))[: size["digits"]]]
        params, accuracy = trained_with_delays(seed, some, tested[:500], size)
        rows = measure(params, inputs, rng)
        longest = int(params.delays.max())
        one = {"kind": "trained with delays", "network": seed, "accuracy": accuracy}
        networks.append(one | {"longest delay": longest, "orders": rows})
        print(one, rows["place"], flush=True)
    result = {
        "command": "python benchmarks/waves_trained.py",
        "trained": TRAINED,
        "summary": summary(networks),
        "networks": networks,
    }
    print(json.dumps(result["summary"], indent=1))
    if not small:
        path = Path(__file__).parent / "results" / "waves_trained.json"
        path.write_text(json.dumps(result, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
