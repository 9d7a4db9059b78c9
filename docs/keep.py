"""Keep the results of a run, from which the documentation makes its tables.

    python docs/keep.py RUN NAME [FIGURE]

writes benchmarks/results/NAME.json from the run's results and configuration (long lists of raw
values stay behind); of its figures, FIGURE becomes the picture of the protocol's page. Then
`python docs/protocol_pages.py` writes the pages anew.
"""

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
        picture = ROOT / "docs" / "pictures" / f"{config['protocol']}.png"
        with Image.open(Path(run) / "figures" / f"{figure}.png") as whole:
            whole.convert("RGB").quantize(256).save(picture, optimize=True)
    return path


if __name__ == "__main__":
    print(keep(*sys.argv[1:]))
