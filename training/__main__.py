"""Train the demonstration model, then measure it and update its card: ``python -m training``."""

from __future__ import annotations

from training import evaluate
from training.recipe import DEMO_DIRECTORY, RECIPE
from training.train import train

if __name__ == "__main__":
    train(RECIPE, DEMO_DIRECTORY)
    evaluate.main()
