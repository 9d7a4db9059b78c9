"""Keep the results of a run, from which the documentation makes its tables.

    python docs/keep.py RUN NAME [FIGURE]

writes benchmarks/results/NAME.json from the run's results and configuration (long lists of raw
values stay behind); of its figures, FIGURE becomes the picture of the protocol's page, with the
caption that it has in the report. Then `python docs/protocol_pages.py` writes the pages anew.
"""

import base64
import html
import json
import re
import sys
from pathlib import Path

from PIL import Image

from horn_neuro.experiment import load_results

ROOT = Path(__file__).parents[1]
OF_CONFIG = ("protocol", "command", "versions")
LONG = 8_000  # characters


def keep(run, name, figure=None):
    """Keep what is needed of a run; returns the path (Path) of the results."""
    results, config = load_results(run), load_results(Path(run) / "config.json")
    short = {k: v for k, v in results.items() if k == "findings" or len(json.dumps(v)) < LONG}
    # Where it was written, and in how many parts, does not matter, nor on how busy a machine.
    config["command"] = re.sub(r" --out \S+| --resume", "", config["command"])
    text = json.dumps({key: config[key] for key in OF_CONFIG} | short)
    kept = json.loads(text, parse_constant=lambda _: None)  # NaN is no JSON
    path = ROOT / "benchmarks" / "results" / f"{name}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    if figure:
        pictures, name = ROOT / "docs" / "pictures", config["protocol"]
        with Image.open(Path(run) / "figures" / f"{figure}.png") as whole:
            whole.convert("RGB").quantize(256).save(pictures / f"{name}.png", optimize=True)
        file = pictures / "captions.json"
        captions = json.loads(file.read_text()) | {name: caption_of(run, figure)}
        text = json.dumps(dict(sorted(captions.items())), indent=1, ensure_ascii=False)
        file.write_text(text + "\n")
    return path


def caption_of(run, figure):
    """Return the caption (str) of a figure in the report of its run."""
    picture = (Path(run) / "figures" / f"{figure}.png").read_bytes()
    page = (Path(run) / "report.html").read_text()
    for shown in re.finditer(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", page):
        if base64.b64decode(shown[1]) == picture:
            found = re.search(
                r"<figcaption[^>]*>(.*?)</figcaption>", page[shown.end() :], re.DOTALL
            )
            return html.unescape(re.sub(r"\s+", " ", found[1]).strip())
    raise ValueError(f"the report of {run} does not show {figure}")


if __name__ == "__main__":
    print(keep(*sys.argv[1:]))
