"""Passages: what can be found by a search. Recommendations that ship with Consilium, and the user's documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from knowledge.criteria import InCodes, leaves
from knowledge.facts import vocabulary
from knowledge.recommendations import Guideline, Recommendation, Recommendations


class Passage(BaseModel):
    """One passage.

    Attributes:
        id: id of the recommendation, or `<document id>#<number>`.
        text: what is shown and cited.
        document: title of the guideline or document.
        hints: further words by which it can be found (drug and gene names, headings); never shown as the source's.
        page, start, end: page of the document, and character offsets in the text of that page.
        recommendation: id of the recommendation, if it is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: Literal["recommendation", "document"]
    text: str
    document: str
    document_id: str
    section: str
    hints: str = ""
    identifier: str | None = None
    organisation: str | None = None
    year: int | None = None
    page: int | None = None
    start: int | None = None
    end: int | None = None
    diseases: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    recommendation: str | None = None

    @property
    def title(self) -> str:
        """Document and section, as indexed beside the text."""
        return f"{self.document}. {self.section}" if self.kind == "document" and self.section else self.document

    def sha256(self) -> str:
        """Hash of everything that the index holds of it."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()


def recommendation_passages(store: Recommendations) -> list[Passage]:
    """One passage for each current recommendation."""
    return [recommendation_passage(r, store.guideline_of(r)) for r in store.current()]


def recommendation_passage(recommendation: Recommendation, guideline: Guideline) -> Passage:
    """A recommendation as a passage. Names and brands of its drugs and tests become hints."""
    return Passage(
        id=recommendation.id,
        kind="recommendation",
        text=recommendation.text["en"],
        document=guideline.title["en"],
        document_id=guideline.id,
        section=recommendation.section,
        hints=_hints(recommendation, guideline),
        identifier=guideline.identifier,
        organisation=guideline.organisation["en"],
        year=guideline.year,
        diseases=guideline.diseases,
        drugs=recommendation.action.drugs,
        recommendation=recommendation.id,
    )


def _hints(recommendation: Recommendation, guideline: Guideline) -> str:
    words: list[str] = [slug.replace("_", " ") for slug in guideline.diseases]
    words += [recommendation.topic.replace("_", " "), *(recommendation.text.get("zh", ""),)]
    for name in (*recommendation.action.drugs, *recommendation.action.tests):
        words += _names(name)
    for leaf in leaves(recommendation.criterion):
        words += _names(leaf.fact)
        if isinstance(leaf, InCodes):
            values = vocabulary()[leaf.fact].values
            words += [label for code in sorted(leaf.codes) for label in values[code].label.values()]
    return "; ".join(dict.fromkeys(word for word in words if word))


def _names(fact: str) -> Iterable[str]:
    if fact not in vocabulary():
        return
    spec = vocabulary()[fact]
    yield from spec.label.values()
    yield from spec.synonyms[:4]
    for broader in vocabulary().consequences(fact, True) if fact.startswith("medication.") else ():
        yield vocabulary()[broader].label["en"]
