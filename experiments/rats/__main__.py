"""Run the example and write its files into a folder: see the package's docstring."""

import sys
from pathlib import Path

from gridjax import plotting

from .comparison import report, run
from .figure import draw
from .paths import save


def main(folder: Path) -> None:
    """Score every cell, and write the sessions and the figure into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    result = run()
    for each in result.sessions:
        save(folder, each)
    with plotting.styled():
        plotting.save(draw(result), folder)
    sys.stdout.write("\n".join((*report(result), f"files in {folder}")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/rats"))
