"""All checks of the knowledge that ships with Consilium, in one report."""

from __future__ import annotations

from typing import NamedTuple

from knowledge import recommendations, safety
from knowledge.errors import BadInput, ToolFailed
from knowledge.facts import VOCABULARY_DIR, load_vocabulary, vocabulary
from knowledge.manifest import manifest, manifest_problems


class VerifyReport(NamedTuple):
    """What is wrong, one line each, and how much was checked."""

    problems: list[str]
    counts: dict[str, int]


def verify_all() -> VerifyReport:
    """Check manifest, vocabulary, recommendations with their examples, safety tables, documents and the index."""
    problems = manifest_problems()
    try:
        load_vocabulary(VOCABULARY_DIR)
    except (BadInput, ValueError) as error:
        return VerifyReport([*problems, f"vocabulary: {error}"], {})
    problems += recommendations.problems()
    problems += safety.problems()
    problems += _store_problems()
    counts = {"manifest files": len(manifest()), "facts": len(vocabulary())}
    if not problems:
        store = recommendations.recommendations()
        counts |= {
            "guidelines": len(store.guidelines),
            "recommendations": len(store),
            "safety rows": len(safety.safety_rows()),
        }
    return VerifyReport(problems, counts)


def _store_problems() -> list[str]:
    """The library of documents, and the search index if it was built."""
    from knowledge.ingest.library import library_problems
    from knowledge.store.index import current_key, open_current

    found = library_problems()
    if current_key() is not None:
        try:
            index = open_current()
        except ToolFailed as error:
            return [*found, str(error)]
        found += [f"index {index.key}: {problem}" for problem in index.problems()]
        index.close()
    return found
