"""Contradiction: statements that the evidence speaks against, and sides of a disagreement of sources that nobody tells.

The first is read from the verifier's problems; the second is computed apart from it, from the facts of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.draft import Statement
from evals.scoring.outcome import TurnOutcome
from tools.evidence import Evidence, fact_book

# Problems that say the opposite, or another value of the same thing, rather than nothing on it.
AGAINST = frozenset({"negation", "contradiction", "value", "side", "subject"})


def uncontradicted(turn: TurnOutcome, evidence: Sequence[Evidence]) -> tuple[int, int]:
    """(statements that nothing speaks against, statements that cite evidence) of one draft or answer."""
    refused = {v.index for v in turn.verification.verdicts if any(p.code in AGAINST for p in v.problems)}
    one_sided = _one_sided(turn.written.statements, evidence)
    citing = [place for place, item in enumerate(turn.written.statements) if item.evidence]
    return sum(place not in refused and place not in one_sided for place in citing), len(citing)


def _one_sided(statements: Sequence[Statement], evidence: Sequence[Evidence]) -> set[int]:
    """Statements on the side of a disagreement that is not used, where no statement cites both sides."""
    found: set[int] = set()
    for conflict in fact_book(evidence).conflicts():
        sides = {conflict.used.evidence_id, conflict.other.evidence_id}
        if len(sides) == 2 and not any(sides <= set(item.evidence) for item in statements):
            found |= {n for n, item in enumerate(statements) if conflict.other.evidence_id in item.evidence}
    return found
