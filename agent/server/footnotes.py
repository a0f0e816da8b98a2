"""Sentences with numbered marks, and what each mark stands for, as they come or all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.server.records import AnsweredStatement

# What Markdown would make a link, a picture, a footnote or a tag of.
_ACTIVE = re.compile(r"\\|\[|<(?=[A-Za-z/!?])")


def literal(text: str) -> str:
    """`text` as Markdown that shows it as it is: a chat window then fetches no picture and offers no link of it."""
    return _ACTIVE.sub(lambda found: "\\" + found[0], text)


class Footnotes:
    """Numbers citations in the order in which they are first used. Texts and claims are shown as they are."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def sentence(self, text: str, evidence: Sequence[str], status: str) -> str:
        """The sentence with its marks; one that is not supported says so."""
        marks = "".join(f"[^{self._numbers.setdefault(item, len(self._numbers) + 1)}]" for item in evidence)
        flag = "" if status == "supported" else "(NOT SUPPORTED) "
        return f"{flag}{literal(text)}{marks}"

    def notes(self, claims: Mapping[str, str]) -> list[str]:
        """One line a mark."""
        told = {item: literal(claims.get(item, "unknown evidence")) for item in self._numbers}
        return [f"[^{n}]: {told[item]} ({item})" for item, n in self._numbers.items()]


def with_footnotes(statements: Sequence[AnsweredStatement], claims: Mapping[str, str]) -> str:
    """A whole answer as Markdown."""
    marks = Footnotes()
    lines = [marks.sentence(s.text, s.evidence, s.status) for s in statements]
    return "\n\n".join([*lines, *marks.notes(claims)])
