"""Mutations as people write them, and the residues that ClinVar names for a gene."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from knowledge.errors import ToolFailed, ToolRetry
from tools.evidence import Evidence
from tools.protein.residues import ONE_LETTER, one_letter

_WRITTEN = re.compile(
    r"^(?:(?P<chain>[A-Za-z0-9]{1,4}):)?(?:p\.)?\(?(?P<old>[A-Z][a-z]{2}|[A-Z])(?P<number>-?\d{1,5})"
    r"(?P<insertion>[A-Za-z]?)(?P<new>[A-Z][a-z]{2}|[A-Z])\)?$"
)
_HGVS = re.compile(r"^(?:[^:]*:)?p\.\(?(?P<old>[A-Z][a-z]{2})(?P<number>\d{1,5})(?P<new>[A-Z][a-z]{2})\)?$")
_ACCEPTED = "a chain and a change, such as A:R175H, A:Arg175His or, with an insertion code, L:S52AP"


@dataclass(frozen=True)
class Mutation:
    """One amino-acid change in author numbering.

    `chain` is None when it was not named; `gene` is None when the change did not come from a variant.
    """

    chain: str | None
    old: str
    number: int
    insertion: str
    new: str
    gene: str | None = None

    @property
    def label(self) -> str:
        """Residue number with insertion code."""
        return f"{self.number}{self.insertion}"

    @property
    def text(self) -> str:
        """One-letter form without the chain, such as R175H."""
        return f"{self.old}{self.label}{self.new}"


def parse_mutation(text: str) -> Mutation:
    """Read a mutation such as `A:R175H`. Raises `ToolRetry` saying what is accepted."""
    match = _WRITTEN.match(text.strip()) if len(text) <= 40 else None
    if match is None:
        raise ToolRetry(f"The mutation is not understood. Accepted: {_ACCEPTED}.")
    old, new = one_letter(match["old"]), one_letter(match["new"])
    if old == new:
        raise ToolRetry(f"{old}{match['number']}{new} changes nothing; give another amino acid.")
    return Mutation(match["chain"], old, int(match["number"]), match["insertion"], new)


def missense_variants(ledger: Iterable[Evidence]) -> list[Mutation]:
    """Amino-acid exchanges of the variants in the ledger, each once, in order."""
    found: dict[tuple[str, str], Mutation] = {}
    for item in ledger:
        gene, change = item.fact("variant.gene"), item.fact("variant.hgvs_p")
        if item.kind != "variant" or gene is None or change is None:
            continue
        match = _HGVS.match(str(change.value))
        if match is None or any(match[k].upper() not in ONE_LETTER for k in ("old", "new")):
            continue
        old, new = one_letter(match["old"]), one_letter(match["new"])
        if old != new:
            made = Mutation(None, old, int(match["number"]), "", new, str(gene.value))
            found.setdefault((str(gene.value), made.text), made)
    return list(found.values())


def known_residues(gene: str) -> Mapping[int, str]:
    """Residue number -> reference amino acid, from the protein changes that the ClinVar table has for a gene.

    Where transcripts disagree the number is left out. Empty when the gene or the table is not there.
    """
    from knowledge.tables.store import open_read_only, require_table

    try:
        path = require_table("clinvar")
    except ToolFailed:
        return {}
    with closing(open_read_only(path)) as connection:
        key = connection.execute("SELECT id FROM text WHERE value = ?", (gene,)).fetchone()
        query = "SELECT DISTINCT hgvs_p FROM record WHERE gene = ?"
        rows = [] if key is None else connection.execute(query, key).fetchall()
    letters: dict[int, set[str]] = {}
    for (change,) in rows:
        match = re.match(r"^p\.\(?([A-Z][a-z]{2})(\d{1,5})", change)
        if match and match[1].upper() in ONE_LETTER:
            letters.setdefault(int(match[2]), set()).add(ONE_LETTER[match[1].upper()])
    return {number: next(iter(found)) for number, found in letters.items() if len(found) == 1}
