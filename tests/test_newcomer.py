"""What a newcomer stumbled over on 25 November 2026: fifteen faults, and a test against each.

====== =========================================== ================================================
number fault                                       test
====== =========================================== ================================================
1      Ctrl-C shortened a simulation               tests/test_interrupts.py
                                                   test_ctrl_c_ends_a_simulation_and_returns_nothing
2      Ctrl-C was swallowed                        tests/test_interrupts.py
                                                   test_an_interrupt_that_brian2_swallows_is_raised_after_all
                                                   tests/experiment/test_frame.py
                                                   test_an_interrupt_that_was_swallowed_counts_at_the_next_step
3, 4   sheared figures; no report told its finding tests/protocols/test_every_protocol.py
                                                   test_the_report_opens_with_the_answer_and_shows_the_files
4      86 lines of terminal                        tests/experiment/test_frame.py
                                                   test_the_command_says_the_answer_within_80_columns
5      the first example was twenty zeros          tests/datasets/test_mnist.py
                                                   test_digits_come_shuffled_by_their_seed
6      the factory's network hardly learned        tests/twin/test_estimators.py
                                                   test_three_sines_with_all_defaults
7      panels without titles                       test_panels_of_synchrony_say_what_they_show
8      no Hz, no ms                                tests/parameters/test_physical.py
                                                   test_a_unit_rings_at_its_frequency_and_decays_in_its_time
                                                   test_negative_omega_and_long_steps_are_refused
                                                   test_an_omega_in_hz_is_told_of_hz
9      MNE needed picks everywhere                 tests/recording/test_mne_types.py
                                                   test_mne_needs_no_picks
10     a bad channel crashed PLV                   tests/analysis/test_groups.py
                                                   test_bad_channels_and_triggers_are_left_alone
11     training asked for fabric and tensors       test_training_takes_arrays_and_a_folder_by_name
                                                   tests/twin/test_training.py
                                                   test_labels_without_an_output
12     the default run contradicted README         tests/test_docs.py
                                                   test_pages_of_protocols_are_those_of_their_kept_results
                                                   tests/analysis/test_statistics.py
                                                   test_the_least_p_value_says_so
13     failures looked like crashes                tests/experiment/test_frame.py
                                                   test_failures_are_one_line
                                                   test_a_failed_or_stopped_run_tells_how_to_resume
                                                   test_a_run_that_is_stopped_before_anything_is_done_leaves_no_folder
14     --help hid what matters                     tests/experiment/test_frame.py
                                                   test_help_tells_sizes_durations_and_files
                                                   test_horn_neuro_lists_all_protocols
15     silent objects                              tests/recording/test_pictures.py
                                                   test_in_a_notebook_it_has_a_picture
                                                   tests/report/test_networks.py
                                                   test_in_a_notebook_a_network_has_a_picture
                                                   tests/datasets/test_sequences.py
                                                   test_balanced_takes_a_seed
                                                   test_a_wrong_shape_is_blamed_on_what_was_given
                                                   test_sets_of_data_are_a_line_or_two
                                                   test_rooms_list_what_is_in_them
                                                   test_functions_of_chance_take_a_seed
====== =========================================== ================================================
"""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis

ROOT = Path(__file__).parents[1]


def test_every_fault_has_its_tests():
    tests, here = [], "tests/test_newcomer.py"
    for line in __doc__.splitlines():
        here = "tests/test_newcomer.py" if re.match(r"\d", line) else here
        for file, name in re.findall(r"(tests/\S+\.py)|(test_\w+)$", line):
            here = file or here
            tests += [(here, name)] if name else []
    assert len(tests) > 25
    texts = {file: (ROOT / file).read_text() for file, _ in tests}
    own = Path(__file__).read_text()
    for file, name in tests:
        assert f"def {name}(" in texts[file] or f"def {name}(" in own, (file, name)
    numbers = {int(n) for n in re.findall(r"^(\d+)", __doc__, re.M)} | {4}
    assert numbers == set(range(1, 16))


def test_panels_of_synchrony_say_what_they_show():
    from horn_neuro.protocols.plv import draw_demo

    demo = {"quantiles": np.linspace(0, 1, 5)[:, None] + np.zeros((5, 3)), "middle": [0, 1, 2]}
    figure, caption = draw_demo({kind: [{"demo": demo}] for kind in hn.report.style.MODEL_COLORS})
    assert [ax.get_title() for ax in figure.axes] == ["homogeneous", "heterogeneous"]
    assert "means over networks" in caption
    plt.close(figure)


def test_an_omega_in_hz_is_told_of_hz():
    with pytest.raises(ValueError, match=r"omega = 26.*rad a step; horn_neuro.network takes Hz"):
        hn.effenberger_2025(4, omega=26, seed=1)


def test_training_takes_arrays_and_a_folder_by_name(tmp_path):
    X = np.sin(np.outer(1 + np.arange(40) % 2, np.arange(30) / 4))[:, :, None].astype("float32")
    task = hn.twin.Task(X, np.arange(40) % 2, n_validation=10)
    network = hn.HornNetwork(hn.trainable(4, 1, 2, n_steps=30, seed=1), "reference")
    config = hn.twin.TrainingConfig(epochs=1, batch_size=10)
    metrics, _ = hn.twin.train(network, task, config, str(tmp_path))
    assert [row["epoch"] for row in metrics] == [1]
    named = hn.HornClassifier(4, epochs=1, random_state=1, backend="reference")
    assert set(named.fit(X, 1 + np.arange(40) % 3).predict(X)) <= {1, 2, 3}


def test_a_wrong_shape_is_blamed_on_what_was_given(params):
    with pytest.raises(ValueError, match=r"w_rec has shape \(4, 4\), but this network has 6 units"):
        params.replace(w_rec=np.zeros((4, 4)))
    smaller = {"omega": [0.2] * 4, "gamma": 0.01, "alpha": 0.04, "b_in": 0, "b_rec": 0}
    smaller |= {"feedback": 0, "w_in": np.ones((4, 1)), "w_out": np.ones((1, 4)), "b_out": 0}
    assert params.replace(w_rec=np.zeros((4, 4)), **smaller).n_units == 4


def test_sets_of_data_are_a_line_or_two(params):
    recording = hn.simulate(params, [[1.0]] * 50, device="numpy")
    digits = hn.datasets.smnist()
    assert len(repr(digits).splitlines()) + len(repr(recording).splitlines()) <= 3
    assert (recording["x"] == recording.data["x"]).all()


def test_rooms_list_what_is_in_them():
    words = re.findall(r"\w+", analysis.__doc__)
    assert [name for name in analysis.__all__ if name not in words] == []


def test_functions_of_chance_take_a_seed():
    matrix, values = np.arange(16.0).reshape(4, 4), np.arange(20.0)
    for function, given in (
        (analysis.shuffled_pairs, [matrix]),
        (hn.parameters.shuffled, [matrix]),
        (lambda *a: hn.parameters.sparse_random(8, 0.5, 1.0, *a), []),
        (lambda *a: analysis.bootstrap(lambda w: w @ values, np.arange(20), 9, *a).low, []),
    ):
        assert np.array_equal(function(*given, 3), function(*given, np.random.default_rng(3)))
    with pytest.raises(ValueError, match="give a seed"):
        analysis.shuffled_pairs(matrix, "3")
