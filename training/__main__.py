"""Train the demonstration model, then measure it and update its card: ``python -m training``.

``python -m training --until 200 --to FOLDER`` ends early, and writes a checkpoint as a model of its
own; ``notebooks/checkpoints/`` has that one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training import evaluate
from training.recipe import DEMO_DIRECTORY, RECIPE
from training.train import train

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m training")
    parser.add_argument("--until", type=int, metavar="STEP", help="end after so many steps")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where that goes")
    options = parser.parse_args()
    if (options.until is None) != (options.to is None):
        parser.error("--until and --to go together")
    if options.until is not None:
        train(RECIPE, options.to, options.until)
    else:
        train(RECIPE, DEMO_DIRECTORY)
        evaluate.main()
