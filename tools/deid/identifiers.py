"""What identifies a person in text: the kinds, one found span, and how overlapping finds are settled.

The kinds cover the eighteen of the HIPAA safe-harbour rule (45 CFR 164.514(b)(2)) that occur in text. A year alone
and an age up to 89 are no identifiers under that rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tools.deid.ground import Ground


class Kind(StrEnum):
    """A kind of identifier."""

    PERSON = "person"
    HOSPITAL = "hospital"
    ADDRESS = "address"
    DATE = "date"
    AGE = "age"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    IP = "ip"
    ID = "id"


# Of two finds that overlap, the stronger rule wins, then the longer one, then the earlier kind of this list.
_ORDER = (
    Kind.EMAIL,
    Kind.URL,
    Kind.ID,
    Kind.PHONE,
    Kind.ADDRESS,
    Kind.HOSPITAL,
    Kind.PERSON,
    Kind.DATE,
    Kind.AGE,
    Kind.IP,
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier in a text: characters `start` to `end` (end excluded), and the rule that found it."""

    kind: Kind
    start: int
    end: int
    rule: str
    strength: int = 1

    def text(self, whole: str) -> str:
        """The characters of `whole` that it spans."""
        return whole[self.start : self.end]


def settle(found: Iterable[Identifier]) -> list[Identifier]:
    """The finds that stand, in order, none overlapping another."""
    ranked = sorted(found, key=lambda i: (-i.strength, i.start - i.end, _ORDER.index(i.kind), i.start))
    ground = Ground()
    kept = [item for item in ranked if ground.take(item.start, item.end)]
    return sorted(kept, key=lambda i: i.start)
