"""What the emulation of a GPU computes, and that each of its checks can fail."""

import json
import re
import signal

import numpy as np
import pytest
from cuda_on_cpu.programs import GOOD, ORDERS, answers, numbers, printed, started

# In one process, which compiles the selftest once.
pytestmark = [pytest.mark.compiler, pytest.mark.xdist_group("emulation")]


# ---- memory ----


@pytest.mark.parametrize("command", ["host_reads", "host_writes"])
def test_the_host_cannot_touch_device_memory(program, command):
    assert started(program, [command]).returncode == -signal.SIGSEGV


def test_a_kernel_is_given_host_memory(program):
    assert numbers(program, "host_in_kernel", "device") == [[2] * 8]
    done = started(program, ["host_in_kernel", "host"])
    assert done.returncode == -signal.SIGABRT
    assert "a pointer to host memory is given to kernel add" in done.stderr


def test_a_device_pointer_that_was_never_set(program):
    assert printed(program, "null_in_kernel", "set") == "symbol: no error\n2 \n"
    assert started(program, ["null_in_kernel", "unset"]).returncode == -signal.SIGSEGV


def test_fresh_memory_is_nan(program):
    double, single, [same_place], again = numbers(program, "fresh_memory")
    assert same_place
    assert np.isnan(double + single + again).all()


def test_copies(program):
    given = answers(program, "copies")
    good = {name for name, answer in given.items() if answer == GOOD}
    assert good == {
        *("to the device", "back", "its second half", "on the device", "nothing", "memset"),
        *("free", "free null", "pinned", "free pinned", "no last error"),
    }
    wrong_way = {"in no direction", "peeked", "last error"}
    for name in given.keys() - good:
        text = "invalid copy direction for memcpy" if name in wrong_way else "invalid argument"
        assert given[name] == text, name


def test_memory_runs_out(program):
    lines = printed(program, "allocations", memory=2**20).splitlines()
    assert lines[1] == f"{2**20} of {2**20}"
    assert lines[2:5] == ["most: no error", "more: out of memory", "1"]
    assert lines[5:] == ["more, once free: no error", "none: no error"]


# ---- launches and threads ----


def test_launches(program):
    given = answers(program, "launches")
    assert {name for name, answer in given.items() if answer == GOOD} == {
        "right",
        "as large as can be",
    }
    assert given.pop("too much shared memory") == "invalid argument"
    assert set(given.values()) == {GOOD, "invalid configuration argument"}
    # 1, to which 1 is added by the first thread of the first launch; then it doubles.
    assert printed(program, "launches").splitlines()[-1] == "66 "


@pytest.mark.parametrize("order", ORDERS)
def test_every_thread_has_one_turn(program, order):
    for turns in numbers(program, "turns", order=order):
        assert sorted(turns) == list(range(len(turns)))


def test_orders_of_threads_and_blocks(program):
    one, _ = numbers(program, "turns", order="forward")
    assert one == list(range(24))
    assert numbers(program, "turns", order="backward")[0] == one[::-1]
    assert numbers(program, "turns", order=1) == numbers(program, "turns", order=1)
    shuffled, other = (np.array(numbers(program, "turns", order=k)[0]) for k in (1, 2))
    assert (shuffled != other).any()
    blocks = shuffled.reshape(3, 8)
    # Blocks come one after another, in an order of their own, and so do the threads in them.
    assert (np.ptp(blocks, axis=1) == 7).all()
    assert (np.diff(blocks, axis=1) != 1).any()


def test_a_race_differs_between_orders_and_a_reduction_does_not(program):
    sums = [numbers(program, "reduction", "barriers", order=order)[0] for order in ORDERS]
    exact = (1 / np.arange(1, 257)).reshape(4, 64).sum(axis=1)
    np.testing.assert_allclose(sums[0], exact, rtol=1e-14)
    assert all(found == sums[0] for found in sums)
    raced = [numbers(program, "reduction", "race", order=order)[0] for order in ORDERS]
    assert len({str(found) for found in raced}) > 1
    assert not any(np.allclose(found, exact) for found in raced[:1])


def test_threads_wait_at_different_barriers(program):
    early = numbers(program, "barriers", "early")[0]
    assert early == [6, 0, 2, 0, 4, 0, 6, 0]
    done = started(program, ["barriers", "different"])
    assert done.returncode == -signal.SIGABRT
    assert re.search(r"wait at \S*selftest.cu:\d+ and \S*selftest.cu:\d+", done.stderr)


@pytest.mark.parametrize("order", ORDERS)
def test_shared_memory(program, order):
    """Every block finds it unwritten, and all its threads see the same."""
    for part, count, table, *after in numbers(program, "shared", 0, order=order):
        assert np.isnan([part, table]).all()
        assert count == -1
        assert after == [3, 8, 0.5]


def test_proposed_block_size(program):
    assert printed(program, "proposed", block=7) == "7\n"


def test_counts_of_calls(program, tmp_path):
    numbers(program, "reduction", "barriers", log=tmp_path / "calls.json")
    assert json.loads((tmp_path / "calls.json").read_text()) == {
        "cudaMalloc": 2,
        "cudaMemcpy HtoD": 1,
        "cudaMemcpy DtoH": 1,
        "launch selftest::reduce<true, T>": 1,
    }


# ---- sanitizers ----


def test_sound_programs_pass_the_sanitizers(sanitized):
    assert numbers(sanitized, "out_of_bounds", 8) == [[2] * 8]
    assert numbers(sanitized, "undefined", 0) == [[2**31 - 1]]
    assert numbers(sanitized, "reduction", "barriers", order=1)
    assert numbers(sanitized, "shared", 0, order=1)
    assert numbers(sanitized, "vectors")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("out_of_bounds", 9), "AddressSanitizer: use-after-poison"),
        (("shared", 1), "AddressSanitizer: heap-buffer-overflow"),
        (("undefined", 1), "signed integer overflow"),
        (("null_in_kernel", "unset"), "AddressSanitizer: SEGV"),
        (("host_reads",), "AddressSanitizer: SEGV"),
    ],
)
def test_sanitizers(program, sanitized, command, message):
    done = started(sanitized, command)
    assert done.returncode != 0
    assert message in done.stderr
    if command[1:]:
        silent = command[0] in ("out_of_bounds", "shared", "undefined")
        assert (started(program, command).returncode == 0) == silent
