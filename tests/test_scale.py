"""The page of plans says what follows from the measured numbers."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "scale_plan.py"


@pytest.fixture(scope="module")
def plan():
    spec = importlib.util.spec_from_file_location("scale_plan", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def found():
    """Measures of a machine that follows its laws exactly."""

    def simulated(n=512, trials=16, steps=400):
        seconds = 1e-10 * n**1.75 * trials * steps**0.5
        return {"n": n, "trials": trials, "steps": steps, "seconds": seconds, "mebibytes": steps}

    def trained(n=256, batch=32, steps=392):
        seconds = 1e-9 * n**2 * batch * steps
        sizes = {"n": n, "batch": batch, "steps": steps, "parameters": n**2 + 13 * n}
        return sizes | {"seconds": seconds, "mebibytes": 1.0}

    def sparse(n, steps):
        seconds = 1e-7 * n + steps * 1e-8 * n**1.25
        return {"n": n, "trials": 1, "steps": steps, "seconds": seconds, "mebibytes": 1e-3 * n}

    def swept(rows):
        numbers = {"rows": rows, "seconds": 1 + 2e-3 * rows, "resume seconds": 2 + 3e-4 * rows}
        return numbers | {"bytes": 300 * rows, "disk bytes": 4096 * rows, "mebibytes": rows / 100}

    return {
        "command": "python scale.py",
        "machine": "exact",
        "load": 0.0,
        "minutes": 1.0,
        "fan_in": 100,
        "dense by n": [simulated(n) for n in (16, 256, 512, 1024)],
        "dense by trials": [simulated(trials=k) for k in (4, 16, 64)],
        "recorded by steps": [simulated(steps=k) for k in (100, 400, 1600)],
        "sparse by n": [sparse(n, k) for n in (10**3, 10**4, 10**5) for k in (50, 150)],
        "training by n": [trained(n) for n in (128, 256, 512, 1024)],
        "training by batch": [trained(batch=k) for k in (32, 64, 128)],
        "training by steps": [trained(steps=k) for k in (196, 392, 784)],
        "sums by bytes": [{"bytes": b, "seconds": 1e-4 + 1e-9 * b} for b in (1024, 10**6)],
        "row seconds": 1.0,
        "rows by workers": [
            {"workers": 1, "rows": 20, "seconds": 20.0},
            {"workers": 2, "rows": 20, "seconds": 10.4},
        ],
        "sleeping by rows": [{"rows": k, "seconds": 1.5 + 0.51 * k} for k in (4, 60)],
        "driver by rows": [swept(rows) for rows in (100, 1000, 3000, 10_000)],
        "dask by rows": [{"rows": k, "seconds": 3e-3 * k} for k in (300, 1000, 3000)],
    }


def test_exponents_are_those_of_the_last_three_sizes(plan, found):
    assert plan.power(found["dense by n"], "n")[1] == pytest.approx(1.75)
    steps = plan.per_step(found["sparse by n"])
    assert plan.power(steps, "n", "step") == pytest.approx((1e-8, 1.25))
    assert plan.power(steps, "n", "call") == pytest.approx((1e-7, 1.0))
    assert plan.line(found["sleeping by rows"], "rows") == pytest.approx((1.5, 0.51))


def test_the_plans_are_computed(plan, found):
    text = plan.page(found)
    for says in (
        "| dense | n^1.75 |",
        "**1.92 times** as\nfast",  # 20 / 10.4
        "**2.0 %** more than its seconds",  # 0.51 s with two workers
        "the figure take 1.5 s",
        "| a step | 0.32 s, from 100,000 units on by n^1.25 |",  # 1e-8 * 10**7.5
        "| record of x and y | 16 MB a step",
        "x and y of\n4,229 steps",  # 64 GiB less 1000 MiB, by 16e6
        "| work | 28 core-hours at 1 s a row |",
        "| workers that they keep busy | 200 at 1 s a row, 11976 at a minute |",  # by 2 + 3 ms
        "| on the disk | 410 MB |",
        "| memory of the driver | 0.98 GiB |",
        # A core takes 1e-9 * 4096**2 * 128 * 784 s; a network of 25 GB/s and 20 us a message.
        "| 4,096 | 16,830,464 | 1,684 | 7.82 | 100 % | 100 % | 100 % | 100 % |",
        "leave 7.3 updates of an\nepoch of 60,000, where one GPU makes 469",
    ):
        assert says in text, says


def test_what_is_slower_shows(plan, found):
    found["rows by workers"][1]["seconds"] = 16.0
    for row in found["driver by rows"]:
        row["seconds"] = 1e-6 * (row["rows"] - 100) ** 1.5
    text = plan.page(found)
    assert "**1.25 times** as\nfast" in text
    assert "| sweep, rows with files | rows^1.50 |" in text
