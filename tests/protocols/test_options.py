"""Options that cannot be are refused before anything runs, and the message says how to go on."""

import pytest

REFUSED = [
    ("hebbian_alignment", ["--seeds", "3"], "needs at least two"),
    ("hebbian_alignment", ["--epochs", "0"], "--epochs 0: give a number of at least 1"),
    ("hebbian_alignment", ["--units", "3"], "at least 4 --units"),
    ("hebbian_alignment", ["--params", "net"], "drop it"),
    ("hebbian_learning", ["--seeds", "3"], "needs at least two"),
    ("hebbian_learning", ["--digits", "3"], "give at least 5 --digits"),
    ("hebbian_learning", ["--units", "0"], "--units 0: give a number of at least 1"),
    (
        "hebbian_learning",
        ["--gain", "-5"],
        "--gain -5.0: give a weight above 0; shifts of 180° more are opposite",
    ),
    ("hebbian_learning", ["--coupling", "0"], "--coupling 0.0: give a standard deviation above 0"),
    ("hebbian_learning", ["--params", "net"], "drop it"),
    ("heterogeneity", ["--gains", "0"], "gains above 0"),
    ("heterogeneity", ["--levels", "2"], "levels from 0 to 1"),
    ("heterogeneity", ["--digits", "4"], "at least 5 of each class"),
    ("heterogeneity", ["--train", "100"], "at least 128"),
    ("heterogeneity", ["--params", "net"], "drop it"),
    ("transfer", ["--digits", "0"], "--digits 0: give a number of at least 1"),
    ("transfer", ["--params", "a", "--checkpoint", "b"], "give one network"),
    ("transfer", ["--resume"], "name the folder with --out"),
]


@pytest.mark.parametrize(("name", "argv", "message"), REFUSED)
def test_bad_options(name, argv, message, load_protocol, capsys):
    with pytest.raises(SystemExit):
        load_protocol(name).main(argv)
    assert message in capsys.readouterr().err
