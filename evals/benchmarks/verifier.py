"""How many spoilt statements the verifier catches, by kind, and how often it objects to good ones.

python -m evals.benchmarks.verifier [--out FILE] [--misses]
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.draft import Statement
from agent.verify import Verifier
from evals.benchmarks.verifier_drafts import GoodDraft, good_drafts
from evals.benchmarks.verifier_mutations import mutants

# Kinds that the verifier has to catch at this rate.
REQUIRED = ("number", "unit", "side", "gene", "drug", "citation swapped", "source dropped", "unknown source")
REQUIRED_RATE = 0.99


@dataclass
class Result:
    """Counts by kind of mutation, the misses, and the objections to good statements."""

    made: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    misses: list[tuple[str, str, str]] = field(default_factory=list)
    good: int = 0
    false_alarms: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def rate(self, kind: str) -> float:
        """Share of the mutants of `kind` that are not called supported."""
        return self.caught[kind] / self.made[kind] if self.made[kind] else 1.0


def measure(drafts: Iterable[GoodDraft], seed: int = 20261123) -> Result:
    """Verify every good statement and every mutant of it."""
    result = Result()
    rng = random.Random(seed)
    started = time.perf_counter()
    for good in drafts:
        verifier = Verifier(good.ledger, good.case, good.draft.language)
        for statement in good.draft.statements:
            verdict = verifier.verdict(statement)
            result.good += 1
            if verdict.status != "supported":
                reasons = "; ".join(p.message for p in verdict.problems)
                result.false_alarms.append((good.name, statement.text, reasons))
        count_mutants(good, rng, result)
    result.seconds = time.perf_counter() - started
    return result


def count_mutants(good: GoodDraft, rng: random.Random, result: Result, share: float = 1.0) -> None:
    """Verify every mutant of one draft, or a random `share` of them, and add to `result`."""
    verifier = Verifier(good.ledger, good.case, good.draft.language)
    for kind, mutant in _all_mutants(good, rng):
        if share < 1.0 and rng.random() > share:
            continue
        status = verifier.verdict(mutant).status
        result.made[kind] += 1
        result.caught[kind] += status != "supported"
        result.open[kind] += status == "cannot_check"
        if status == "supported":
            result.misses.append((kind, good.name, mutant.text))


def _all_mutants(good: GoodDraft, rng: random.Random) -> Iterator[tuple[str, Statement]]:
    cited = [statement for statement in good.draft.statements if statement.evidence]
    for statement in cited:
        yield from mutants(statement, rng)
        yield "source dropped", statement.model_copy(update={"evidence": ()})
        yield "unknown source", statement.model_copy(update={"evidence": ("E0123456789",)})
    for one, other in itertools.permutations(cited, 2):
        if not set(one.evidence) & set(other.evidence):
            yield "citation swapped", one.model_copy(update={"evidence": other.evidence})


def table(result: Result) -> str:
    """The result as a Markdown table."""
    lines = ["| kind | mutants | caught | of these: could not be checked | rate |", "|---|---:|---:|---:|---:|"]
    for kind in sorted(result.made, key=lambda k: (k not in REQUIRED, k)):
        lines.append(
            f"| {kind} | {result.made[kind]} | {result.caught[kind]} | {result.open[kind]} | {result.rate(kind):.1%} |"
        )
    total = sum(result.made.values())
    lines.append(
        f"| all | {total} | {sum(result.caught.values())} | {sum(result.open.values())} "
        f"| {sum(result.caught.values()) / total:.1%} |"
    )
    lines += ["", f"Objections to good statements: {len(result.false_alarms)} of {result.good}."]
    lines.append(f"{result.seconds / (total + result.good) * 1000:.1f} ms a statement.")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--misses", action="store_true", help="list what was missed")
    arguments = parser.parse_args()
    result = measure(good_drafts())
    text = "# Verifier: mutation test\n\n" + table(result) + "\n"
    sys.stdout.write(text)
    if arguments.misses:
        for row in [*result.misses, *result.false_alarms]:
            sys.stdout.write(" | ".join(row) + "\n")
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    if result.false_alarms or any(result.rate(kind) < REQUIRED_RATE for kind in REQUIRED):
        sys.exit(1)


if __name__ == "__main__":
    main()
