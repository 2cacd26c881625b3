"""`python -m tests.bench [--quick] [--only NAME ...]`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from tests.bench.suite import MEASURES, run_suite


def main() -> int:
    """0 when everything could be measured, met or missed; 1 when some measure broke."""
    parser = argparse.ArgumentParser(prog="numina bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: a smoke run of a few minutes")
    parser.add_argument(
        "--only", action="append", default=[], choices=list(MEASURES), help="just this measure"
    )
    arguments = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    report = run_suite(console, quick=arguments.quick, only=arguments.only)
    return 1 if any(row.failure for row in report.rows if row.failure != "not installed") else 0


if __name__ == "__main__":
    sys.exit(main())
