"""The outcome of verifying a running installation, in the words of every other check."""

from collections.abc import Callable

from gateways.vault import Vault
from numina.findings import Report
from projections.verify import verify as verify_live


def verify(url: str, master_key: bytes, progress: Callable[[int, int | None], None]) -> Report:
    """Checks laws 1 to 6 and everything derived on the database at `url`."""
    vault = Vault(url, master_key, role="numina_projector")
    try:
        outcome = verify_live(url, vault, progress=progress)
    finally:
        vault.close()
    report = Report()
    for mismatch in outcome.mismatches:
        report.add(*mismatch)
    if report.ok:
        report.proven += [
            f"read models are what the {outcome.position:,} facts that they contain say",
            f"registers are what all {outcome.head:,} facts say",
            "every currency of every book sums to zero; no guarded balance is below its floor",
            "the record has no gaps, each command had one effect, and every fact is as it was sealed",
        ]
    report.notes.append(f"took {outcome.seconds:.1f} s")
    return report
