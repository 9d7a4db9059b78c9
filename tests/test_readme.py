"""README's lines do what they say."""

import re
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_it_is_short():
    assert len(README.encode()) <= 7 * 1024
    assert len(BLOCKS) == 2


def test_blocks_run_in_order_and_leave_a_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    space = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), space)
    plt.close("all")
    assert (tmp_path / "traces.png").stat().st_size > 10_000
    assert space["raw"].get_channel_types() == ["eeg"] * 64
    assert space["model"].score(space["X"], [k % 2 for k in range(200)]) > 0.95


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_somewhere(link):
    assert (Path(__file__).parents[1] / link).is_file(), link


def test_every_protocol_is_named():
    for path in (Path(__file__).parents[1] / "protocols").glob("[a-z]*.py"):
        page = f"![](docs/thumbnails/{path.stem}.png) {path.stem}](docs/protocols/{path.stem}.md)"
        assert page in README, path.stem
