"""What a check found: the answer of every offline verification, for people and for programs."""

from dataclasses import dataclass, field
from typing import NamedTuple

KEPT = 100


class Finding(NamedTuple):
    """One thing that is not as it must be. `rule` is a stable name; `position` where a fact is meant."""

    rule: str
    detail: str
    position: int | None = None

    def __str__(self) -> str:
        where = f"position {self.position}: " if self.position is not None else ""
        return f"{self.rule}: {where}{self.detail}"


@dataclass
class Report:
    """The outcome of a check. `ok` is the verdict; `proven` says in words what was established.

    A forged file can break every rule at every line, so only the first hundred findings are kept; `found`
    counts them all. `notes` are reservations that do not change the verdict.
    """

    proven: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: int = 0

    @property
    def ok(self) -> bool:
        return self.found == 0

    def add(self, rule: str, detail: str, position: int | None = None) -> None:
        self.found += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(rule, detail, position))

    def __str__(self) -> str:
        more = self.found - len(self.findings)
        lines = [
            *(f"ok    {line}" for line in self.proven),
            *(f"note  {line}" for line in self.notes),
            *(f"WRONG {finding}" for finding in self.findings),
            *([f"WRONG and {more} more"] if more else []),
            "verified" if self.ok else "NOT VERIFIED",
        ]
        # The text of a forged file is shown on somebody's terminal: it must not steer it.
        return "\n".join(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line) for line in lines
        )
