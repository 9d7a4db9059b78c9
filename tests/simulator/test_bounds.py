"""What is counted with 32 bits is refused or right at 2**31, without the memory for it."""

import subprocess

import numpy as np
import pytest
from scipy import sparse

import horn_neuro as hn
from horn_neuro.parameters import Connections
from horn_neuro.recording import SpikeTrains
from horn_neuro.simulator import operations
from horn_neuro.simulator.operations import Copy, Gather, Product, Row
from horn_neuro.simulator.standalone import ROOM
from horn_neuro.simulator.terms.wired import columns

ONE, TWO = (hn.effenberger_2025(n, seed=1) for n in (1, 2))
NOTHING = np.broadcast_to(0.0, (2**31, 1, 1))


@pytest.mark.parametrize(
    ("params", "options", "words"),
    [
        (ONE, {"stimulus": 2**31}, r"stimulus, a number of steps, = 2147483648: give less"),
        (ONE, {"stimulus": 10**30}, r"stimulus, a number of steps, = 10+: give less"),
        (ONE, {"stimulus": NOTHING[:, 0]}, r"stimulus: its number of steps = 2147483648"),
        (ONE, {"stimulus": NOTHING}, r"n_trials, times the number of units, = 2147483648"),
        (TWO, {"stimulus": NOTHING[: 2**30]}, r"n_trials, times the number of units, = 2147483648"),
        (ONE, {"stimulus": 3, "n_trials": 2**31}, r"n_trials = 2147483648: give less"),
        (TWO, {"stimulus": 3, "n_trials": 2**30}, r"n_trials, times the number of units,"),
        (ONE, {"stimulus": 3, "every": 2**31}, r"every = 2147483648: give less than 2\*\*31"),
        (
            TWO,
            {"stimulus": 3, "n_trials": 2**29, "plasticity": hn.PhaseRule(1.0)},
            r"n_trials, times the connections, = 2147483648: give less",
        ),
    ],
)
def test_more_than_brian2_counts_is_refused_at_once(params, options, words):
    with pytest.raises(ValueError, match=words):
        hn.simulate(params, **options, device="numpy")


def hollow(path, size, values):
    """Make a file of `size` numbers that takes no room: zeros but for some (dict by index)."""
    with path.open("wb") as file:
        file.truncate(8 * size)
        for index, value in values.items():
            file.seek(8 * index)
            file.write(np.float64(value).tobytes())
    return np.memmap(path, float, "r")


# Three numbers a step, with the bound between two steps; and a ring of velocities with the
# oldest beyond the bound.
WIDTH, STEP = 3, 2**31 // 3 + 5
RING, UNITS, TRIALS = 70_000, 1_100, 30
DELAYED = Gather("weights", "past", "out", RING, UNITS, TRIALS)


def test_steps_beyond_the_bound_in_numpy(tmp_path):
    values = {3 * STEP: 1.5, 3 * STEP + 1: -2.0, 3 * STEP + 2: 0.25}
    arrays = {
        "stimulus": hollow(tmp_path / "stimulus", 3 * STEP + 3, values),
        "out": np.zeros(3),
        "w_in": np.array([[1.0, 10.0, 100.0]]),
        "sum": np.zeros(1),
    }
    Copy(Row("stimulus", WIDTH), "out").python(arrays)(STEP)
    assert arrays["out"].tolist() == [1.5, -2.0, 0.25]
    Product("w_in", Row("stimulus", WIDTH), "sum", 1, 3, 1).python(arrays)(STEP)
    assert arrays["sum"].tolist() == [1.5 - 20 + 25]


def two_connections(n_units, unit, senders, delays):
    """Connections to one unit, with weights 10 and 1."""
    places = [unit, unit], senders
    weights, delays = (
        sparse.csr_array((values, places), shape=(n_units, n_units))
        for values in ([10.0, 1.0], delays)
    )
    return Connections(weights, delays)


def test_places_beyond_the_bound_in_numpy(monkeypatch):
    """Of a gather from a long ring; of bins of spikes."""
    ring, units = 2**19 + 1, 2**12
    connections = two_connections(units, 0, (7, 9), (1, ring))
    monkeypatch.setattr(np, "concatenate", lambda twice: twice[0])
    seen = []
    make = operations.sparse.csr_array
    monkeypatch.setattr(
        operations.sparse, "csr_array", lambda parts, shape: seen.append(make(parts, shape=shape))
    )
    arrays = {
        "past": np.broadcast_to(0.0, ring * units),
        "out": np.zeros(units),
        "weights": connections.weights,
        "column": columns(connections, ring),
        "first": connections.first,
    }
    Gather("weights", "past", "out", ring, units, 1).python(arrays)
    assert seen[0].indices.tolist() == [2**31 + 7, 9]  # the oldest first

    counted = []
    monkeypatch.setattr(
        np, "bincount", lambda flat, minlength: counted.append(flat) or np.zeros((0, 2**20, 2**20))
    )
    last = np.array([2**20 - 1], np.int32)
    with pytest.raises(ValueError, match="cannot reshape"):  # into the bins that there are
        SpikeTrains(last, last, np.array([9], np.int32), (2**20, 2**20, 10)).rates(1.0)
    assert counted[0].tolist() == [10 * 2**40 - 1]


MAIN = """
#include <string>
namespace brian {{ std::string results_dir = "{folder}/"; }}
#include "kernels/cpp.h"
int main() {{
    const int64_t k = {step};
    static double out[{size}];
{body}
    horn::keep("out", out, {size});
}}
"""


def compiled(folder, body, step, size):
    """Run C++ of operations on the arrays that the folder has, and return what they leave."""
    source = folder / "main.cpp"
    source.write_text(MAIN.format(folder=folder, body=body, step=step, size=size))
    command = ["g++", "-std=c++17", "-O1", f"-I{ROOM}", source, "-ldl", "-o", folder / "main"]
    subprocess.run(command, check=True)
    subprocess.run([folder / "main"], check=True)
    return np.fromfile(folder / "out.out")


def given(name, kind="double"):
    return f'    static {kind} *{name} = horn::given<{kind}>("{name}");\n'


@pytest.mark.compiler
def test_steps_beyond_the_bound_in_compiled_programs(tmp_path):
    values = {3 * STEP: 1.5, 3 * STEP + 1: -2.0, 3 * STEP + 2: 0.25}
    hollow(tmp_path / "stimulus.in", 3 * STEP + 3, values)
    names = {"stimulus": "stimulus", "out": "out"}
    _, code = Copy(Row("stimulus", WIDTH), "out").code(names)
    assert compiled(tmp_path, given("stimulus") + code, STEP, 3).tolist() == [1.5, -2.0, 0.25]


@pytest.mark.compiler
def test_places_beyond_the_bound_in_compiled_programs(tmp_path):
    """The last unit hears the one before as 70,000 steps ago, and itself as it is now."""
    last, step = UNITS - 1, RING - 1  # slot 0 is the oldest, and the present the last
    values = {(last - 1) * TRIALS: 3.0, (step * UNITS + last) * TRIALS: 0.5}
    values |= {index + TRIALS - 1: -value for index, value in values.items()}
    hollow(tmp_path / "past.in", RING * UNITS * TRIALS, values)
    connections = two_connections(UNITS, last, (last - 1, last), (RING, 1))
    column = columns(connections, RING)
    for integer in (np.int32, np.int64):
        assert (column.astype(integer) == column).all()
        connections.weights.tofile(tmp_path / "weights.in")
        column.astype(integer).tofile(tmp_path / "column.in")
        connections.first.tofile(tmp_path / "first.in")
        body = given("past") + given("weights") + given("first", "int64_t")
        body += given("column", f"{np.dtype(integer)}_t")
        names = {name: name for name in ("past", "weights", "first", "column", "out")}
        body += "\n".join(DELAYED.code(names))
        out = compiled(tmp_path, body, step, UNITS * TRIALS).reshape(UNITS, TRIALS)
        assert out[last, 0] == 10 * 3.0 + 0.5
        assert out[last, -1] == -out[last, 0]
        assert np.count_nonzero(out) == 2
