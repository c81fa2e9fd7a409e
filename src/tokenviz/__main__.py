"""``python -m tokenviz`` is the command ``tokenviz``."""

from tokenviz.cli import main

if __name__ == "__main__":
    main()
