"""`simulate`, whatever it is given: the numbers of the loops, or a refusal in words."""

import re
from dataclasses import dataclass

import numpy as np
from disguises import EXTREMES, FOREIGN, arrays, disguised, numbers, untouched
from hypothesis import given
from hypothesis import strategies as st
from reference.diffusive_loop import simulate_diffusive_by_loop
from reference.loop import simulate_by_loop
from reference.spiking_loop import simulate_spiking_by_loop

import horn_neuro as hn
from horn_neuro.simulator import SpikeCoupling


@dataclass
class Case:
    """A simulation in plain arrays of float64."""

    network: dict
    stimulus: np.ndarray
    kicks: np.ndarray | None
    start: dict
    springs: dict | None
    spikes: dict | None
    drive: np.ndarray | None

    def simulate(self, form=lambda name, array: array, **options):
        """Simulate with every array in a form of its own, none of which is written to."""
        network = {name: form(name, value) for name, value in self.network.items()}
        start = {name: form(name, value) for name, value in self.start.items()}
        stimulus = form("stimulus", self.stimulus)
        kicks = None if self.kicks is None else form("kicks", self.kicks)
        drive = None if self.drive is None else form("drive", self.drive)
        springs, spikes = (
            None if coupling is None else {k: form(k, v) for k, v in coupling.items()}
            for coupling in (self.springs, self.spikes)
        )
        everything = locals()
        del everything["form"], everything["self"], everything["options"]
        with untouched(**everything):
            params = hn.HornParameters(**network)
            if springs is not None:
                options["coupling"] = hn.DiffusiveCoupling(**springs)
            if spikes is not None:
                options["coupling"] = SpikeCoupling(**spikes)
            return hn.simulate(
                params,
                stimulus,
                initial=hn.State(**start) if start else None,
                kicks=None if kicks is None else hn.DrawnKicks(kicks),
                drives=None if drive is None else hn.Drive.array(drive),
                device="numpy",
                **options,
            )

    def expected(self):
        """Return positions and velocities of a loop."""
        delays, stimulus = self.network.get("delays"), self.stimulus
        if delays is not None:  # of absent connections, the loops read delays too
            delays = np.where(self.network["w_rec"] == 0, 1, delays)
        params = hn.HornParameters(**{**self.network, "delays": delays})
        if self.drive is not None:  # each unit has an input of its own for it
            params = params.replace(w_in=np.hstack([params.w_in, np.eye(params.n_units)]))
            heard = np.broadcast_to(self.drive, (*stimulus.shape[:2], params.n_units))
            stimulus = np.concatenate([stimulus, heard], axis=2)
        zero = np.zeros((len(stimulus), params.n_units))
        start = {"x": zero, "y": zero, **self.start}
        with np.errstate(all="ignore"):
            if self.springs is not None:
                springs = hn.DiffusiveCoupling(**self.springs)
                return simulate_diffusive_by_loop(
                    params, springs, stimulus, **start, kicks=self.kicks
                )
            if self.spikes is not None:
                spikes = SpikeCoupling(**self.spikes)
                return simulate_spiking_by_loop(params, stimulus, spikes, **start)[:2]
            return simulate_by_loop(params, stimulus, self.kicks, **start)


@st.composite
def cases(draw):
    """Draw a small simulation: sizes from 1, any density, delays, starts and kinds of coupling."""
    n, n_in, n_out, n_trials = (draw(st.integers(1, high)) for high in (3, 2, 2, 3))
    n_steps = draw(st.integers(1, 7))
    share = draw(st.sampled_from([0, 1, 3]))  # of the weights, in thirds
    weight = st.tuples(st.integers(0, 2), numbers()).map(lambda w: w[1] * (w[0] < share))
    network = {
        "omega": draw(arrays((n,), numbers(0, 1).map(lambda v: v + 1 / 64))),
        "gamma": draw(arrays((n,), st.integers(1, 32).map(lambda k: k / 256))),
        "w_in": draw(arrays((n, n_in))),
        "w_rec": draw(arrays((n, n), weight)),
        "w_out": draw(arrays((n_out, n))),
        **{name: draw(arrays((n,))) for name in ("alpha", "b_in", "b_rec", "feedback")},
        "h": np.array(draw(st.sampled_from([1.0, 0.5, 0.25]))),
    }
    kind = draw(st.sampled_from(["velocities", "velocities", "springs", "spikes"]))
    longest = 1
    if draw(st.booleans()):
        network["delays"] = draw(arrays((n, n), st.integers(1, 4)))
        absent = network["w_rec"] == 0
        longest = int(network["delays"][~absent].max(initial=1))
        network["delays"][absent] = draw(st.sampled_from([0, 1, 2, -3, 0.5, 1000]))
    springs = spikes = None
    if kind == "springs":
        weights = draw(arrays((n, n), st.integers(-4, 4).map(lambda k: k / 64)))
        np.fill_diagonal(weights, 0.0)
        springs = {"weights": weights}
        if draw(st.booleans()):
            springs["delays"] = draw(arrays((n, n), st.integers(1, 3)))
            longest = max(longest, int(springs["delays"].max(initial=1, where=weights != 0)))
    if kind == "spikes":
        spikes = {
            "charge": draw(arrays((n,))),
            "damping": draw(arrays((n,), st.integers(1, 32).map(lambda k: k / 64))),
        }
    start = {}
    if longest > n_steps or draw(st.booleans()):
        start = {name: draw(arrays((n_trials, n))) for name in "xy"}
        if longest > 1 and kind == "velocities" and draw(st.booleans()):
            start["past_y"] = draw(arrays((n_trials, longest - 1, n)))
    stimulus = draw(arrays((n_trials, n_steps, n_in)))
    kicks = draw(st.none() | arrays((n_trials, n_steps, n))) if kind != "spikes" else None
    shape = draw(st.sampled_from([1, n_trials])), n_steps, draw(st.sampled_from([1, n]))
    drive = draw(st.none() | arrays(shape))
    return Case(network, stimulus, kicks, start, springs, spikes, drive)


def equal(recording, expected, every=1):
    """Compare x and y within 1e-10 of the largest number."""
    for name, values in zip("xy", expected, strict=True):
        found = recording.data[name].values
        assert np.isfinite(found).all()
        assert np.abs(found - values[..., ::every]).max() <= 1e-10 * np.abs(values).max()


@given(data=st.data(), case=cases(), every=st.sampled_from([1, 2, 5, 8, 1000]))
def test_every_form_of_the_same_numbers_gives_those_of_the_loop(data, case, every):
    def form(name, array):
        matrix = name in ("w_rec", "delays", "weights")
        return data.draw(disguised(array, sparse_too=matrix), label=name)

    recording = case.simulate(form, every=every)
    expected = case.expected()
    equal(recording, expected, every)
    final = recording.final_state
    assert np.abs(final.x - expected[0][..., -1]).max(initial=0) < 1e-9


@given(data=st.data(), case=cases(), extreme=st.sampled_from(EXTREMES))
def test_extreme_values_are_computed_with_or_refused_by_name(data, case, extreme):
    groups = [case.network, case.start, case.springs, case.spikes]
    groups += [{"stimulus": case.stimulus}, {"kicks": case.kicks}, {"drive": case.drive}]
    fields = [
        (group, name) for group in groups if group for name in group if group[name] is not None
    ]
    group, name = data.draw(st.sampled_from(fields))
    array = group[name]
    index = data.draw(st.integers(0, array.size - 1))
    array.flat[index] = extreme
    try:
        recording = case.simulate()
    except ValueError as error:
        words = str(error)
        assert name in words or ("unit" in words and name in ("omega", "gamma", "h"))
    else:
        equal(recording, case.expected())


@given(case=cases(), large=st.sampled_from([1e9, 1e14, -1e16, 1e30, 1e49]), data=st.data())
def test_what_float32_has_no_room_for_is_refused(case, large, data):
    places = [case.stimulus, case.network["alpha"], case.network["feedback"]]
    array = data.draw(st.sampled_from(places))
    array.flat[0] = large
    try:
        recording = case.simulate(dtype="float32")
    except ValueError as error:
        if not re.match("dtype = 'float32': .* choose float64", str(error)):
            raise
    else:
        for signal, values in zip("xy", case.expected(), strict=True):
            found = recording.data[signal].values
            assert found.dtype == np.float32
            # Spikes may come or not where a position passes by 0.
            if case.spikes is None:
                assert np.abs(found - values).max() <= 1e-3 * np.abs(values).max()


PARAMS = hn.effenberger_2025(2, 1, 2, seed=1)
RIGHT = {
    "params": PARAMS,
    "stimulus": np.ones((2, 4, 1)),
    "n_trials": 2,
    "kicks": hn.DrawnKicks(np.ones((2, 4, 2))),
    "drives": hn.Drive.pulse(0.5, units=[1]),
    "initial": hn.State([1.0, 0.0], [0.0, 1.0]),
    "segments": {"rest": 1, "stimulus": 3},
    "labels": [1, 0],
    "record": ("x", "y"),
    "every": 2,
    "device": "numpy",
    "coupling": "sparse",
    "spike_threshold": 0.5,
    "dtype": "float64",
    "plasticity": hn.PhaseRule(1.0),
    "learning": [True, False, True, True],
    "seed": 3,
}
OTHERS = [
    *FOREIGN,
    *EXTREMES,
    *(0, 1, -1, 2, 4, 2.5, 2**31, 2**64, 10**30, True, False),
    *("", "x", "cpp\0", ("x", "x"), ("x", 3), [[]], (), [], {}, {"": 4}, {"a": 4}, {"a\0": 4}),
    *({3: 4}, {"a": -4}, {"a": 10**30}, {"a": 2.0, "b": 2}, {"\ud800": 4}, [1, 0], [1.0, 0.0]),
    *(np.ones((2, 4, 1), bool), np.ones((2, 4, 1), complex), np.ones(4), np.ones((4, 1))),
    *(np.ones((2, 4, 2)), np.ones((2, 4, 1, 1)), np.zeros((2, 0, 1)), np.zeros((0, 4, 1))),
    *(np.array(["x", "y"]), np.dtype("float32"), np.dtype("i4"), np.float32),
    *RIGHT.values(),
]


@given(name=st.sampled_from(list(RIGHT)), odd=st.sampled_from(OTHERS), only=st.booleans())
def test_other_arguments_are_refused_by_name_or_computed_with(name, odd, only):
    few = ("params", "stimulus", "device")
    arguments = {key: RIGHT[key] for key in RIGHT if not only or key in few} | {name: odd}
    try:
        with untouched(odd=odd):
            recording = hn.simulate(**arguments)
    except ValueError as error:
        words = str(error)
        # Two that do not fit may be called by either name.
        assert any(key.split("_")[0] in words for key in [name, *RIGHT]), words
        if not only:
            assert name.split("_")[0] in words or "trial" in words or "steps" in words, words
    else:
        assert np.isfinite(recording.data["stimulus"]).all()
        assert recording.final_state.x.shape[1] == 2


def test_a_recording_keeps_what_it_was_given():
    """A buffer that the user fills anew for the next simulation."""
    stimulus, labels = np.ones((2, 4, 1)), np.array([3, 4])
    x, y = np.ones((2, 2, 2))
    state = hn.State(x, y)
    recording = hn.simulate(PARAMS, stimulus, labels=labels, initial=state, device="numpy")
    for buffer in (stimulus, labels, x, y):
        buffer[:] = 0
    assert (recording.data["stimulus"] == 1).all()
    assert recording.data["label"].values.tolist() == [3, 4]
    assert (state.x == 1).all()
