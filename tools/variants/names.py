"""Names of changes: three-letter and one-letter protein changes, and what a name says of the consequence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ONE_LETTER = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U", "Xaa": "X",
}  # fmt: skip
THREE_LETTER = {one: three for three, one in ONE_LETTER.items()}
TRUNCATING = frozenset(
    {"stop_gained", "frameshift_variant", "splice_donor_variant", "splice_acceptor_variant", "start_lost"}
)
_THREE = re.compile("|".join(ONE_LETTER))
_SUBSTITUTION = re.compile(r"p\.([A-Z][a-z]{2})(\d+)([A-Z][a-z]{2})", re.ASCII)
_CHANGE = re.compile(
    r"^(?P<ref>[A-Z*])(?P<start>\d+)(?:_(?P<ref2>[A-Z*])(?P<end>\d+))?"
    r"(?P<what>[A-Z*]$|=$|\?$|fs\S*$|del$|dup$|delins[A-Z*]+$|ins[A-Z*]+$|del[A-Z]+$|[A-Z*]?ext\S*$)"
)
_SPLICE = re.compile(r"^[cn]\.[-*]?\d+(?:_[-*]?\d+)?([+-])(\d+)")


@dataclass(frozen=True)
class ProteinChange:
    """A protein change in one-letter form: `L858R`, `E746_A750del`, `W24*`, `V600fs`.

    `kind` is substitution, nonsense, frameshift, deletion, insertion, duplication, delins, synonymous or other.
    """

    ref: str
    start: int
    end: int
    kind: str
    alt: str
    text: str

    @property
    def is_inframe_loss(self) -> bool:
        """Whether residues are lost without a shift of the frame."""
        return self.kind in ("deletion", "delins")

    @property
    def is_inframe_gain(self) -> bool:
        """Whether residues are added without a shift of the frame."""
        return self.kind in ("insertion", "duplication")


@lru_cache(maxsize=1 << 16)
def short_protein(text: str) -> str:
    """The one-letter form of a protein name: `p.(Leu858Arg)` or `p.Leu858Arg` to `L858R`."""
    plain = _SUBSTITUTION.fullmatch(text)
    if plain and plain[1] in ONE_LETTER and plain[3] in ONE_LETTER:
        return f"{ONE_LETTER[plain[1]]}{plain[2]}{ONE_LETTER[plain[3]]}".replace("X", "*")
    core = text.strip()
    core = core.split(":")[-1].removeprefix("p.").strip("()")
    core = _THREE.sub(lambda found: ONE_LETTER[found.group()], core).replace("X", "*")
    core = re.sub(r"(\d)(DELINS|DEL|DUP|INS|FS)(?=[A-Z*]*$)", lambda found: found[1] + found[2].lower(), core)
    core = re.sub(r"(?<=\d)(del|dup)[A-Z]+$", r"\1", core)
    return re.sub(r"^([A-Z*]\d+)[A-Z*]?fs.*", r"\1fs", core)


@lru_cache(maxsize=1 << 16)
def parse_protein(text: str) -> ProteinChange | None:
    """Parse a protein change in one- or three-letter form, with or without `p.`; None where it is none."""
    short = short_protein(text)
    found = _CHANGE.match(short)
    if not found:
        return None
    start = int(found["start"])
    end = int(found["end"]) if found["end"] else start
    what = found["what"]
    kind, alt = _kind(found["ref"], what)
    return ProteinChange(found["ref"], start, end, kind, alt, short)


def _kind(ref: str, what: str) -> tuple[str, str]:  # noqa: PLR0911 - one return a kind
    if what.startswith("fs"):
        return "frameshift", ""
    if what.startswith("delins"):
        return "delins", what[6:]
    if what.startswith("ins"):
        return "insertion", what[3:]
    if what == "dup":
        return "duplication", ""
    if what.startswith("del"):
        return "deletion", ""
    if what in ("=", ref):
        return "synonymous", ref
    if what == "*":
        return "nonsense", "*"
    return ("substitution", what) if len(what) == 1 and what.isalpha() else ("other", what)


_BY_KIND = {
    "substitution": "missense_variant",
    "nonsense": "stop_gained",
    "frameshift": "frameshift_variant",
    "deletion": "inframe_deletion",
    "insertion": "inframe_insertion",
    "duplication": "inframe_insertion",
    "delins": "inframe_indel",
    "synonymous": "synonymous_variant",
    "stop_retained_variant": "synonymous_variant",
    "stop_retained": "synonymous_variant",
    "start_retained_variant": "synonymous_variant",
}


def consequence_of(hgvs_c: str, hgvs_p: str) -> str:  # noqa: PLR0911 - one return a rule
    """Sequence Ontology term that an HGVS name implies; `other` where it implies none."""
    if splice := _SPLICE.match(hgvs_c):
        distance = int(splice.group(2))
        if distance <= 2:
            return "splice_donor_variant" if splice.group(1) == "+" else "splice_acceptor_variant"
        return "splice_region_variant" if distance <= 8 else "intron_variant"
    change = parse_protein(hgvs_p) if hgvs_p else None
    if change is not None:
        if change.ref == "M" and change.start == 1 and change.kind in ("substitution", "other"):
            return "start_lost"
        if change.ref == "*" and change.kind in ("substitution", "other"):
            return "stop_lost"
        return _BY_KIND.get(change.kind, "other")
    if hgvs_c.startswith("c.-"):
        return "utr_variant" if _small(hgvs_c) else "upstream_variant"
    return "utr_variant" if hgvs_c.startswith("c.*") else "other"


def _small(hgvs_c: str) -> bool:
    digits = re.match(r"c\.-(\d+)", hgvs_c)
    return bool(digits) and int(digits.group(1)) < 100 if digits else False


# Terms of VEP and SnpEff to the terms of `variant.consequence`, worst first.
CONSEQUENCE_TERMS: dict[str, str] = {
    "transcript_ablation": "deletion",
    "exon_loss_variant": "deletion",
    "splice_acceptor_variant": "splice_acceptor_variant",
    "splice_donor_variant": "splice_donor_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "stop_gained": "stop_gained",
    "frameshift_variant": "frameshift_variant",
    "frameshift": "frameshift_variant",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "gene_fusion": "fusion",
    "bidirectional_gene_fusion": "fusion",
    "transcript_amplification": "amplification",
    "inframe_insertion": "inframe_insertion",
    "conservative_inframe_insertion": "inframe_insertion",
    "disruptive_inframe_insertion": "inframe_insertion",
    "inframe_deletion": "inframe_deletion",
    "conservative_inframe_deletion": "inframe_deletion",
    "disruptive_inframe_deletion": "inframe_deletion",
    "inframe_altering": "inframe_indel",
    "protein_altering_variant": "inframe_indel",
    "missense_variant": "missense_variant",
    "missense": "missense_variant",
    "splice_region_variant": "splice_region_variant",
    "splice_region": "splice_region_variant",
    "synonymous_variant": "synonymous_variant",
    "synonymous": "synonymous_variant",
    "stop_retained_variant": "synonymous_variant",
    "stop_retained": "synonymous_variant",
    "start_retained_variant": "synonymous_variant",
    "5_prime_UTR_variant": "utr_variant",
    "5_prime_utr": "utr_variant",
    "3_prime_UTR_variant": "utr_variant",
    "3_prime_utr": "utr_variant",
    "intron_variant": "intron_variant",
    "intron": "intron_variant",
    "upstream_gene_variant": "upstream_variant",
}
_ORDER = {term: rank for rank, term in enumerate(CONSEQUENCE_TERMS)}


def worst_term(text: str) -> tuple[int, str]:
    """(rank, our term) of the worst of terms joined by `&`; rank is high where none is known."""
    terms = [term for term in text.split("&") if term in _ORDER]
    if not terms:
        return len(_ORDER), "other"
    worst = min(terms, key=_ORDER.__getitem__)
    return _ORDER[worst], CONSEQUENCE_TERMS[worst]
