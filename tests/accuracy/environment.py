"""What the accuracy tests share: how they skip, and the Python environment that they run in."""

import os
import sys
from pathlib import Path

SKIPPED = 77
ROOT = Path(__file__).resolve().parents[2]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def ensure(folder, remedy):
    """Starts this program again in the environment that has its packages; skips, with the remedy, where it is not."""
    python = folder / "bin" / "python"
    if Path(sys.prefix) == folder:
        return
    if not python.exists():
        skip(f"{folder} is not there: {remedy}")
    os.execv(python, [str(python), *sys.argv])
