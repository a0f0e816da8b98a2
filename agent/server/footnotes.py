"""Sentences with numbered marks, and what each mark stands for, as they come or all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.server.records import AnsweredStatement


class Footnotes:
    """Numbers citations in the order in which they are first used."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def sentence(self, text: str, evidence: Sequence[str], status: str) -> str:
        """The sentence with its marks; one that is not supported says so."""
        marks = "".join(f"[^{self._numbers.setdefault(item, len(self._numbers) + 1)}]" for item in evidence)
        flag = "" if status == "supported" else "(NOT SUPPORTED) "
        return f"{flag}{text}{marks}"

    def notes(self, claims: Mapping[str, str]) -> list[str]:
        """One line a mark."""
        return [f"[^{n}]: {claims.get(item, 'unknown evidence')} ({item})" for item, n in self._numbers.items()]


def with_footnotes(statements: Sequence[AnsweredStatement], claims: Mapping[str, str]) -> str:
    """A whole answer as Markdown."""
    marks = Footnotes()
    lines = [marks.sentence(s.text, s.evidence, s.status) for s in statements]
    return "\n\n".join([*lines, *marks.notes(claims)])
