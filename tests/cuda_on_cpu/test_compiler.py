"""The nvcc of the emulation: what it translates, compiles, keeps and refuses."""

import os
import re
import sys

import pytest
from cuda_on_cpu import nvcc
from cuda_on_cpu.programs import FLAGS, compiled, started, toolkit
from cuda_on_cpu.toolkit import TOOLKIT, environment

# In one process, which compiles the selftest once.
pytestmark = [pytest.mark.compiler, pytest.mark.xdist_group("emulation")]


@pytest.mark.parametrize(
    ("cuda", "cpp"),
    [
        ("kernel<<<1, 2>>>(a);", 'launch(kernel, cuda_on_cpu::Config(1, 2), "kernel")(a);'),
        ("k <<< f(x), g<y> >>> (a)", 'launch(k, cuda_on_cpu::Config( f(x), g<y> ), "k")(a)'),
        (
            "if (a < b) horn::k<double, N><<<1,\n 2, 3>>>(a)",
            "if (a < b) cuda_on_cpu::launch(horn::k<double, N>, cuda_on_cpu::Config(1,\n 2, 3), "
            '"horn::k<double, N>")(a)',
        ),
        ("k<A<int>><<<1, 2>>>(a)", 'launch(k<A<int>>, cuda_on_cpu::Config(1, 2), "k<A<int>>")(a)'),
        ("extern __shared__ char x[];", "char *x = (char *)cuda_on_cpu::dynamic_shared();"),
        ("__shared__ float x[N][2];", "auto &x = cuda_on_cpu::shared<float [N][2]>([] {});"),
        ("__shared__ unsigned int x;", "auto &x = cuda_on_cpu::shared<unsigned int >([] {});"),
        ("a << b; c<d>>e; // <<<", "a << b; c<d>>e; // <<<"),
    ],
)
def test_translation(cuda, cpp):
    assert cpp in nvcc.translate(cuda, "x.cu")


@pytest.mark.parametrize("cuda", ["(*k)<<<1, 2>>>(a);", "__shared__ int a, b;"])
def test_what_cannot_be_translated(cuda):
    with pytest.raises(SystemExit, match=r"x.cu: error: the emulation cannot read this use of"):
        nvcc.translate(cuda, "x.cu")


def test_versions():
    assert re.search(r"release \d+\.\d+, V", toolkit("nvcc", "--version").stdout)
    assert "compute_90\n" in toolkit("nvcc", "--list-gpu-arch").stdout


def test_a_changed_header_is_compiled_anew(tmp_path, cache, program):
    """Also one that another header includes, and one beside the source, from another folder."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "main.cu").write_text('#include "one.h"\nint main() { return ONE + THREE; }')
    (tmp_path / "a" / "one.h").write_text('#include "two.h"\n#define ONE TWO\n')
    (tmp_path / "three.h").write_text("#define THREE 3\n")
    for two in (2, 5):
        (tmp_path / "two.h").write_text(f"#define TWO {two}\n#include <three.h>\n")
        made = tmp_path / "main.o"
        source = tmp_path / "a" / "main.cu"
        done = toolkit("nvcc", *FLAGS, f"-I{tmp_path}", "-dc", source, "-o", made, cache=cache)
        assert done.returncode == 0, done.stderr
        done = toolkit("nvcc", made, "-o", tmp_path / "main", cache=cache)
        assert started(tmp_path / "main", []).returncode == two + 3


def test_what_is_compiled_is_compiled_once(program, cache, tmp_path):
    """Also by two compilers at a time; what was made is taken from the cache."""
    made = {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")}
    names = [path.name for path in made]
    assert set(names) == {"precompiled.h.gch", "unit.o", "runtime.o"}
    again = compiled(tmp_path, cache, sanitize=False)
    assert again.read_bytes() == program.read_bytes()
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")} == made


def test_the_folder_of_another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_ON_CPU_CACHE", str(tmp_path / "new"))
    assert nvcc.own_folder().stat().st_mode & 0o777 == 0o700
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(SystemExit, match="belongs to another user; set CUDA_ON_CPU_CACHE"):
        nvcc.own_folder()


def test_errors_of_the_compiler(tmp_path, cache):
    (tmp_path / "main.cu").write_text("#include <vector>\n\nint main() { return unknown; }\n")
    made = tmp_path / "main.o"
    done = toolkit("nvcc", *FLAGS, "-dc", tmp_path / "main.cu", "-o", made, cache=cache)
    assert done.returncode != 0
    assert "main.cu:3:" in done.stderr
    assert not made.exists()


def test_environment_names_all_variables():
    """What the code reads is what `environment` sets, so that nothing is left over."""
    files = [*TOOLKIT.glob("*.py"), *(TOOLKIT / "src").iterdir()]
    read = {name for file in files for name in re.findall(r"CUDA_ON_CPU_\w+", file.read_text())}
    guards = {f"CUDA_ON_CPU_{file.stem.upper()}_H" for file in files}
    assert read - guards == {name for name in environment() if name.startswith("CUDA_ON_CPU_")}
    readme = (TOOLKIT / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in environment())
    assert environment()["PATH"].split(os.pathsep)[1] == os.path.dirname(sys.executable)
