"""All checks of the knowledge that ships with Consilium, in one report."""

from __future__ import annotations

from typing import NamedTuple

from knowledge import recommendations, safety
from knowledge.errors import BadInput
from knowledge.facts import VOCABULARY_DIR, load_vocabulary, vocabulary
from knowledge.manifest import manifest, manifest_problems


class VerifyReport(NamedTuple):
    """What is wrong, one line each, and how much was checked."""

    problems: list[str]
    counts: dict[str, int]


def verify_all() -> VerifyReport:
    """Check the manifest, the vocabulary, the recommendations with their examples, and the safety tables."""
    problems = manifest_problems()
    try:
        load_vocabulary(VOCABULARY_DIR)
    except (BadInput, ValueError) as error:
        return VerifyReport([*problems, f"vocabulary: {error}"], {})
    problems += recommendations.problems()
    problems += safety.problems()
    counts = {"manifest files": len(manifest()), "facts": len(vocabulary())}
    if not problems:
        store = recommendations.recommendations()
        counts |= {
            "guidelines": len(store.guidelines),
            "recommendations": len(store),
            "safety rows": len(safety.safety_rows()),
        }
    return VerifyReport(problems, counts)
