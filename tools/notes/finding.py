"""What is found in a note: a fact with the characters that say it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from knowledge.facts import Fact
from tools.evidence import Record

Phase = Literal["unspecified", "admission", "before", "later", "baseline", "past"]


class Finding(Record):
    """One fact read from a note.

    Attributes:
        start, end: characters of the note (end excluded); `quote` is exactly that text.
        negated: the note denies it; the fact is then false.
        experiencer: whom it is about. Only `patient` findings are facts of the patient; a relative's condition
            carries the `family_history.*` fact.
        time: `hypothetical` findings (possible, to be excluded, at risk of) are never used as facts.
        phase: for measured values, where in the course of the stay the value belongs; `before` is before admission or
            at another place, `baseline` what the note calls the patient's usual value.
        assumed: what was taken for granted, such as a unit that the note does not write.
    """

    fact: Fact
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    quote: str
    negated: bool = False
    section: str = "other"
    experiencer: Literal["patient", "family", "other"] = "patient"
    time: Literal["current", "historical", "hypothetical"] = "current"
    phase: Phase = "unspecified"
    assumed: str | None = None

    @property
    def usable(self) -> bool:
        """Whether the fact may be believed of the patient."""
        return self.experiencer != "other" and self.time != "hypothetical"
