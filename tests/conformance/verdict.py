"""What became of the modules, against what we expect of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from http_json import Json

PASSED, WARNING, FAILED = "PASSED", "WARNING", "FAILED"
SKIPPED, REVIEW, INTERRUPTED = "SKIPPED", "REVIEW", "INTERRUPTED"
# The columns of the table. A module that was interrupted has failed.
COLUMNS = (PASSED, WARNING, FAILED, SKIPPED, REVIEW)


@dataclass(frozen=True)
class Verdict:
    """One run of one module."""

    plan: str
    module: str
    variant: dict[str, str]
    result: str
    # Conditions that failed or warned: result, condition, what the suite says.
    findings: tuple[tuple[str, str, str], ...]
    # Where a person reads more.
    page: str

    @classmethod
    def of(cls, plan: str, module: Json, info: Json, log: Sequence[Json], page: str) -> Verdict:
        """Reads the suite's account of a finished run."""
        result = INTERRUPTED if info["status"] == INTERRUPTED else info.get("result") or INTERRUPTED
        findings = tuple(
            (entry["result"], entry.get("src", ""), str(entry.get("msg", "")))
            for entry in log
            if entry.get("result") in ("FAILURE", "WARNING", INTERRUPTED)
        )
        return cls(plan, module["testModule"], module.get("variant") or {}, result, findings, page)

    @classmethod
    def unmade(cls, plan: str, why: str) -> Verdict:
        """A plan that could not be made, as one failure."""
        return cls(plan, "(the plan itself)", {}, FAILED, (("FAILURE", "setup", why),), "")

    def column(self) -> str:
        """Where it counts in the table."""
        return self.result if self.result in COLUMNS else FAILED

    def line(self) -> str:
        """The module with what the plan fixed for it."""
        fixed = " ".join(f"{name}={value}" for name, value in sorted(self.variant.items()))
        return f"{self.result:11} {self.module} {f'[{fixed}]' if fixed else ''}".rstrip()


@dataclass(frozen=True)
class Expectation:
    """A skip or a warning that we know of."""

    module: str
    result: str
    reason: str
    # Only in this plan; in every one when empty.
    plan: str = ""
    # The conditions that may warn; any when empty.
    conditions: Sequence[str] = ()
    # What of the suite's set-up brings it about; where that differs it need not come.
    depends_on: str = ""

    def covers(self, verdict: Verdict) -> bool:
        """Whether the verdict is the one that was expected."""
        warned = {condition for result, condition, _ in verdict.findings if result == WARNING}
        known = not self.conditions or warned <= set(self.conditions)
        return self.concerns(verdict) and self.result == verdict.result and known

    def concerns(self, verdict: Verdict) -> bool:
        """Whether it speaks of that module."""
        return self.module == verdict.module and self.plan in ("", verdict.plan)


def expectations(file: Path) -> list[Expectation]:
    """Reads the list; each entry has a reason."""
    return [Expectation(**entry) for entry in json.loads(file.read_text())]


def unexpected(verdicts: Sequence[Verdict], known: Sequence[Expectation]) -> list[str]:
    """What did not go as expected, one line each: also a skip or warning that was expected and did not come."""
    lines = []
    for verdict in verdicts:
        spoken = [expectation for expectation in known if expectation.concerns(verdict)]
        covered = any(expectation.covers(verdict) for expectation in spoken)
        if verdict.result in (PASSED, REVIEW):
            lines += [f"{verdict.line()}: expected {e.result} ({e.reason})" for e in spoken if not e.depends_on]
        elif not covered:
            lines.append(f"{verdict.line()}\n    {verdict.page}")
            lines += [f"    {result}: {condition}: {text[:200]}" for result, condition, text in verdict.findings]
    return lines


def table(verdicts: Sequence[Verdict]) -> str:
    """A Markdown table, one line a plan in the order in which they ran, and the sum."""
    rows = []
    for plan in dict.fromkeys(verdict.plan for verdict in verdicts):
        counts = Counter(verdict.column() for verdict in verdicts if verdict.plan == plan)
        rows.append([plan, str(counts.total()), *(str(counts[column]) for column in COLUMNS)])
    total = Counter(verdict.column() for verdict in verdicts)
    rows.append(["all", str(total.total()), *(str(total[column]) for column in COLUMNS)])
    head = ["plan", "modules", "passed", "warnings", "failures", "skipped", "review"]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [head, rule, *rows]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )


def write(verdicts: Sequence[Verdict], file: Path) -> None:
    """Keeps every verdict as JSON."""
    file.write_text(json.dumps([asdict(verdict) for verdict in verdicts], indent=2) + "\n")
