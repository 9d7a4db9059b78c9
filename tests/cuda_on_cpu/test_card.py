"""The card that programs and nvidia-smi are told of."""

import re

import pytest
from cuda_on_cpu.programs import GOOD, printed, toolkit

# In one process, which compiles the selftest once.
pytestmark = [pytest.mark.compiler, pytest.mark.xdist_group("emulation")]


def about(program, **options):
    """Return what a program learns of the card, and whether it can use it."""
    lines = printed(program, "about", **options).splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line), lines


def test_the_card(program):
    given, lines = about(program, gpu="Tesla K80", capability=9.1, memory=2**30)
    assert "Tesla K80 9.1" in lines
    assert lines[1] == "1"
    assert given.pop("set another") == "invalid device ordinal"
    assert given.pop("cublas") == given.pop("curand") == "0"
    assert set(given.values()) == {GOOD}
    query = "--query-gpu=name,compute_cap,memory.free,memory.total"
    options = {"gpu": "Tesla K80", "capability": 3.5, "memory": 2**30, "free": 2**21}
    done = toolkit("nvidia-smi", query, "--format=csv,noheader,nounits", **options)
    assert done.stdout == "Tesla K80, 3.5, 2, 1024\n"
    assert toolkit("nvidia-smi", query, free="[N/A]").stdout.split(", ")[2] == "[N/A]"
    assert toolkit("nvidia-smi", "--query-gpu=colour").returncode == 2


def test_no_card(program):
    given, lines = about(program, gpu="none")
    assert lines[1] == "0"
    assert (given.pop("cublas"), given.pop("curand")) == ("1", "203")
    assert set(given.values()) == {"no CUDA-capable device is detected"}
    for argument in ("-L", "--query-gpu=name"):
        done = toolkit("nvidia-smi", argument, gpu="none")
        assert (done.returncode, done.stdout) == (6, "No devices were found\n")


def test_another_process_has_the_card(program):
    given, _ = about(program, busy=True)
    busy = "CUDA-capable device(s) is/are busy or unavailable"
    refused = {name for name, answer in given.items() if answer == busy}
    assert refused == {"set", "set another", "malloc", "launch"}
    assert given["count"] == given["properties"] == GOOD
    assert (given["cublas"], given["curand"]) == ("1", "203")
    for busy, mode in ((True, "Exclusive_Process"), (False, "Default")):
        assert toolkit("nvidia-smi", "--query-gpu=compute_mode", busy=busy).stdout == f"{mode}\n"


def test_a_card_older_than_the_code(program):
    given, _ = about(program, capability=3.5)
    assert given["launch"] == "no kernel image is available for execution on the device"
    assert given["malloc"] == GOOD


def test_slices(program, monkeypatch):
    listed = toolkit("nvidia-smi", "-L", mig=2).stdout
    assert len(listed.splitlines()) == 3
    slices = re.findall(r"MIG 1g.10gb     Device  \d: \(UUID: (MIG-[-0-9]+)\)", listed)
    card = re.search(r"GPU 0: Emulated GPU \(UUID: (GPU-[-0-9]+)\)", listed)[1]
    assert "MIG" not in toolkit("nvidia-smi", "-L").stdout
    query = "--query-gpu=mig.mode.current"
    assert toolkit("nvidia-smi", query, mig=2).stdout == "Enabled\n"
    seen = ["0", "0,1", card, card[:8], *slices, slices[0] + "," + slices[1]]
    for visible in [*seen, "", "-1", "1", "GPU-7", slices[0] + "7", "MIG"]:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert about(program, mig=2)[1][1] == str(int(visible in seen)), visible
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", slices[0])
    assert about(program)[1][1] == "0"
