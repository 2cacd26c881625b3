"""The benchmark lives with the tests, which come with a checkout and not with an installed package."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from numina.trouble import Trouble

CHECKOUT = Path(__file__).parents[1]


def measure(options: Sequence[str]) -> int:
    """Runs the benchmark with its options and returns its exit code. Raises Trouble outside of a checkout."""
    if not (CHECKOUT / "tests" / "bench" / "__main__.py").exists():
        raise Trouble("the benchmark runs from a checkout: clone the repository, then make bench")
    command = [sys.executable, "-m", "tests.bench", *options]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode  # noqa: S603 - our own module
