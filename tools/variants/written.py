"""Variants as people write them: HGVS, short protein changes, fusions, amplifications, exon changes, old names.

HGVS forms follow the recommendations at hgvs-nomenclature.org (den Dunnen 2016, doi:10.1002/humu.22981): reference,
kind of sequence (c., n., g., m., p.) and one edit (substitution, del, dup, ins, delins, inv, =). Alleles of several
edits and uncertain positions are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from knowledge.errors import ToolRetry
from tools.variants.everyday import candidates
from tools.variants.marker_words import Marker, read_marker
from tools.variants.names import parse_protein

Kind = Literal[
    "coding", "protein", "genomic", "allele", "fusion", "amplification", "loss", "exon", "skipping", "codon", "named",
    "rsid", "msi", "tmb",
]  # fmt: skip

ALIASES = {
    "HER2": "ERBB2", "HER-2": "ERBB2", "NEU": "ERBB2", "P53": "TP53", "C-MET": "MET", "CMET": "MET", "C-KIT": "KIT",
    "CKIT": "KIT", "ABL": "ABL1", "MLL": "KMT2A", "TRKA": "NTRK1", "TRKB": "NTRK2", "TRKC": "NTRK3", "FACTOR V": "F5",
    "PROTHROMBIN": "F2", "H3-3A": "H3F3A",
}  # fmt: skip
ACCEPTED = (
    "NM_005228.3:c.2573T>G, EGFR p.Leu858Arg, EGFR L858R, chr7:55191822:T:G, EGFR exon 19 deletion, EML4::ALK, "
    "MET amplification, MET exon 14 skipping, BRCA1 5382insC, rs121434568, TMB 12, MSI-H"
)
_POSITION = r"[-*]?\d+(?:[+-]\d+)?"
_NA_EDIT = re.compile(
    rf"^(?P<start>{_POSITION})(?:_(?P<end>{_POSITION}))?"
    r"(?P<edit>(?P<ref>[ACGTN])>(?P<alt>[ACGTN])|delins(?P<delins>[ACGTN]+)|del(?P<del>[ACGTN]*|\d+)ins(?P<delins2>[ACGTN]+)"
    r"|del(?:[ACGTN]*|\d+)|dup(?:[ACGTN]*|\d+)|ins(?P<ins>[ACGTN]+|\d+)|inv|=)$"
)
_HGVS = re.compile(
    r"^(?:(?P<ref>(?:N[CMRGP]_\d+(?:\.\d+)?)|(?:ENS[TP]\d+(?:\.\d+)?)|(?:LRG_\d+(?:[tp]\d+)?)|(?:chr)?(?:[1-9]|1\d|2[0-2]|X|Y|MT?)"
    r"|[A-Z][A-Z0-9-]{1,14})(?:\((?P<gene>[A-Z][A-Z0-9-]{1,14})\))?\s*[:\s]\s*)?(?P<kind>[cgmnp])\.(?P<rest>\S+)"
    r"(?:\s+\(?(?P<p>p\.[^)\s]+)\)?\)?)?$"
)
_ALLELE = re.compile(
    r"^(?:chr)?(?P<c>[1-9]|1\d|2[0-2]|X|Y|MT?)[:\-_ ](?P<pos>\d+)[:\-_ ](?P<ref>[ACGT]+)[:\->/ ](?P<alt>[ACGT]+)$", re.I
)
_GENE = r"(?P<gene>[A-Z][A-Z0-9-]{1,14})"
_EXON = re.compile(rf"^{_GENE}\s+(?:exon|ex)\s*(?P<n>\d+)\s*(?P<what>del\w*|ins\w*|mutation|skip\w*)\b.*$", re.I)
_SKIP = re.compile(rf"^{_GENE}\s*ex(?:on)?\s*(?P<n>14)(?:\s*skip\w*)?$", re.I)
_ITD = re.compile(rf"^{_GENE}[\s-]+(?:ITD|internal tandem duplications?)$", re.I)
_VIII = re.compile(r"^EGFR[\s-]*(?:v|variant\s*)(?:III|3)$", re.I)
_AMP = re.compile(rf"^{_GENE}\s+(?:gene\s+)?amp(?:lif\w+)?\.?$", re.I)
_LOSS = re.compile(
    rf"^{_GENE}\s+(?:gene\s+)?(?:(?:homozygous|heterozygous|hemizygous|biallelic|whole[- ]gene|focal)\s+)?"
    r"(?P<what>loss(?:\s+of\s+function)?|deletion|deleted|del|null)$", re.I,
)  # fmt: skip
_PROMOTER = re.compile(rf"^{_GENE}\s+promoter(?:\s+mutations?)?$", re.I)
_EXON_ONLY = re.compile(rf"^{_GENE}\s+(?:exon|ex)\s*(?P<n>\d+)$", re.I)
_WILD = re.compile(r"^(?P<gene>[A-Z][A-Z0-9-]{1,14})(?:\s+|[-/])(?:wild[\s-]?type|WT|negative|not detected)$", re.I)
_FAMILIES = {"NTRK": "NTRK1, NTRK2 or NTRK3", "FGFR": "FGFR1, FGFR2, FGFR3 or FGFR4", "RAS": "KRAS, NRAS or HRAS",
             "RAF": "BRAF, RAF1 or ARAF", "IDH": "IDH1 or IDH2", "BRCA": "BRCA1 or BRCA2", "AKT": "AKT1, AKT2 or AKT3",
             "PDGFR": "PDGFRA or PDGFRB", "JAK": "JAK1, JAK2 or JAK3", "NRG": "NRG1"}  # fmt: skip
_PHARMACOGENE = re.compile(r"^(?:CYP\w+|DPYD|TPMT|NUDT15|UGT\w+|SLCO\w+|NAT[12]|ABCG2)$", re.I)
_SIGNATURE = re.compile(
    r"^(?:1p.{0,3}19q|HRD\b|PD-?L1\b|Ki-?67|HER-?2\s*\(?\s*(?:IHC\s*)?[0-3]\s*\+?\)?$|(?:ER|PR)\s*[+(]|LOH\b|CPS\b|TPS\b)",
    re.I,
)
_FUSION = re.compile(
    r"^(?P<a>[A-Z][A-Z0-9]{1,11})(?:::|--|-|/)(?P<b>[A-Z][A-Z0-9]{1,11})(?:\s+(?:gene\s+)?(?:fusion|rearrangement|translocation))?$",
    re.I,
)
_ONE_FUSION = re.compile(rf"^{_GENE}\s+(?:gene\s+)?(?:fusion|rearrange\w*|translocation)(?:\s+positive)?$", re.I)
_SHORT = re.compile(r"^(?P<gene>[A-Za-z][A-Za-z0-9-]{1,14})[\s:]+(?P<change>(?:p\.)?\(?[A-Za-z*]{1,3}\d+\S*)$")
_CODON = re.compile(r"^[A-Z]\d+$")


@dataclass(frozen=True)
class Written:
    """One variant as it was written and what it says; fields that it does not say are empty."""

    text: str
    kind: Kind
    gene: str = ""
    reference: str = ""
    hgvs_c: str = ""
    hgvs_p: str = ""
    chromosome: str = ""
    position: int | None = None
    ref: str = ""
    alt: str = ""
    partner: str = ""
    exon: int | None = None
    what: str = ""
    marker: Marker | None = None


@lru_cache(maxsize=1)
def _everyday_names() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for line in (Path(__file__).parent / "legacy.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "rs")):
            written, gene, coding, protein, _ = line.split("\t")
            found.setdefault((gene, coding or protein), written)
    return found


def everyday_name(gene: str, hgvs_c: str, hgvs_p: str) -> str:
    """The old or everyday name of a change, such as `factor V Leiden`; an empty text where it has none."""
    names = _everyday_names()
    return names.get((gene, canonical_coding(hgvs_c))) or names.get((gene, hgvs_p)) or ""


@lru_cache(maxsize=1)
def legacy() -> dict[str, tuple[str, str, str]]:
    """Old names, folded, to (gene, coding change, protein change)."""
    found = {}
    for line in (Path(__file__).parent / "legacy.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            written, gene, coding, protein, _ = line.split("\t")
            found[_fold(written)] = (gene, coding, protein)
    return found


def _fold(text: str) -> str:
    plain = text.replace("Δ", "delta").replace("→", ">").casefold()
    return re.sub(r"[\s:_]+", " ", plain.replace("c.", "").replace("p.", "")).strip()


def _gene(text: str) -> str:
    upper = text.upper()
    return ALIASES.get(upper, upper)


def canonical_coding(text: str) -> str:
    """A coding change without the bases that HGVS leaves out: `c.68_69delAG` to `c.68_69del`."""
    text = re.sub(r"del[ACGTN]+ins", "delins", text)
    return re.sub(r"(del|dup)[ACGTN\d]+$", r"\1", text)


def parse_written(text: str) -> Written:
    """Read one variant.

    Raises:
        ToolRetry: it is none of the forms; the text lists them.
    """
    if len(text) > 300:
        raise ToolRetry("The text of a variant is longer than 300 characters; write one variant at a time.")
    first: ToolRetry | None = None
    for plain in candidates(text.replace("Δ", "delta")):
        try:
            found = _parsed(text, plain)
        except ToolRetry as error:
            first = first or error
            continue
        if found is not None:
            return found
    raise first or _refusal(text)


def _refusal(text: str) -> ToolRetry:
    """Why a text is no variant: no gene, no change, no alteration of one gene, or a form that is not read."""
    plain = next(iter(candidates(text)), "")
    if re.fullmatch(r"(?:p\.)?\(?[A-Z*][a-z]{0,2}\d+(?:[A-Z*][a-z]{0,2}|fs\S*)\)?", plain):
        return ToolRetry(f"{text!r} does not say the gene; write it with the change, such as 'EGFR T790M'.")
    if _WILD.match(plain):
        return ToolRetry(f"{text!r} says that there is no variant, so that there is nothing to annotate.")
    if _SIGNATURE.match(plain):
        return ToolRetry(f"{text!r} is a marker and no variant of one gene; give it as a biomarker of the case.")
    if (found := re.match(r"^([A-Z0-9-]+?)[\s:]*\*\d+[A-Z]?(?:/\*\d+[A-Z]?)?$", plain)) and _PHARMACOGENE.match(
        found[1]
    ):
        return _named_allele(text, found[1])
    if re.match(
        r"^[A-Z][A-Z0-9-]{1,14}(?:\s+(?:mutations?|mutated|mutant|variants?|alterations?|positive))*$", plain, re.I
    ):
        return ToolRetry(f"{text!r} names a gene and no change of it; write the change too, such as 'KRAS G12C'.")
    return ToolRetry(f"{text!r} is not a variant that can be read. Write it as one of: {ACCEPTED}.")


def _named_allele(text: str, gene: str) -> ToolRetry:
    return ToolRetry(
        f"{text!r} is a named allele and no single variant; give the diplotype as an outside call of the drug-gene "
        f"tool, such as '{gene.upper()}=*1/*2'."
    )


def _parsed(text: str, plain: str) -> Written | None:
    old = legacy().get(_fold(plain))
    if old is not None:
        gene, coding, protein = old
        return Written(text, "coding" if coding else "protein", gene, hgvs_c=coding, hgvs_p=protein)
    for reader in (_biomarker, _rsid, _allele, _structural, _hgvs, _short, _fusion):
        found = reader(text, plain)
        if found is not None and found.gene in _FAMILIES:
            raise ToolRetry(f"{text!r}: {found.gene} is a family of genes; name {_FAMILIES[found.gene]}.")
        if found is not None:
            return found
    return None


def _biomarker(text: str, plain: str) -> Written | None:
    found = read_marker(text, plain)
    return Written(text, found.kind, marker=found) if found else None


def _rsid(text: str, plain: str) -> Written | None:
    return Written(text, "rsid", reference=plain.lower()) if re.match(r"^rs\d{1,12}$", plain, re.I) else None


def _allele(text: str, plain: str) -> Written | None:
    found = _ALLELE.match(plain)
    if found is None:
        return None
    name = found["c"].upper().replace("MT", "M").replace("M", "MT")
    return Written(
        text, "allele", chromosome=name, position=int(found["pos"]), ref=found["ref"].upper(), alt=found["alt"].upper()
    )


def _structural(text: str, plain: str) -> Written | None:  # noqa: PLR0911 - one return a form
    if found := _SKIP.match(plain):
        return Written(text, "skipping", _gene(found["gene"]), exon=14)
    if found := _EXON.match(plain):
        what = found["what"].lower()
        if what.startswith("skip"):
            return Written(text, "skipping", _gene(found["gene"]), exon=int(found["n"]))
        word = {"d": "deletion", "i": "insertion", "m": "mutation"}[what[0]]
        return Written(text, "exon", _gene(found["gene"]), exon=int(found["n"]), what=word)
    if found := _EXON_ONLY.match(plain):
        return Written(text, "exon", _gene(found["gene"]), exon=int(found["n"]), what="mutation")
    if found := _PROMOTER.match(plain):
        return Written(text, "named", _gene(found["gene"]), what="PROMOTER MUTATION")
    if re.match(r"^AR[\s-]*V7$", plain, re.I):
        return Written(text, "named", "AR", what="V7 EXPRESSION")
    if (found := _LOSS.match(plain)) and found["gene"].upper() not in ("EXON", "EX"):
        return Written(text, "loss", _gene(found["gene"]), what="LOSS")
    if found := _ITD.match(plain.replace("-ITD", " ITD").replace("-itd", " itd")):
        return Written(text, "named", _gene(found["gene"]), what="ITD")
    if _VIII.match(plain):
        return Written(text, "named", "EGFR", what="VIII")
    if found := _AMP.match(plain):
        return Written(text, "amplification", _gene(found["gene"]))
    if found := _ONE_FUSION.match(plain):
        parts = re.split(r"-", found["gene"].upper())
        if len(parts) == 2 and found["gene"].upper() not in ALIASES:
            return Written(text, "fusion", _gene(parts[1]), partner=_gene(parts[0]))
        return Written(text, "fusion", _gene(found["gene"]))
    return None


def _hgvs(text: str, plain: str) -> Written | None:
    found = _HGVS.match(plain)
    if found is None:
        return None
    reference, kind, rest = found["ref"] or "", found["kind"], found["rest"]
    is_gene = bool(reference) and not re.match(r"^(N[CMRGP]_|ENS[TP]|LRG_|chr|\d|[XYM]$|MT$)", reference)
    gene = _gene(found["gene"] or (reference if is_gene else ""))
    reference = "" if is_gene else reference
    if kind == "p":
        if parse_protein(rest) is None and rest not in ("?", "(?)", "0", "0?", "(0)", "=", "(=)"):
            raise _unread(text, rest) or ToolRetry(
                f"{text!r}: {rest!r} is not a protein change of HGVS, such as p.Leu858Arg."
            )
        return Written(text, "protein", gene, reference, hgvs_p=f"p.{rest}")
    edit = _NA_EDIT.match(rest)
    if edit is None:
        raise _unread(text, rest) or ToolRetry(
            f"{text!r}: {rest!r} is not an edit of HGVS, such as c.2573T>G, c.68_69del or c.5266dup."
        )
    if kind in "gm":
        return _genomic(text, reference, kind, edit)
    return Written(text, "coding", gene, reference, hgvs_c=canonical_coding(f"{kind}.{rest}"), hgvs_p=found["p"] or "")


def _unread(text: str, rest: str) -> ToolRetry | None:
    """Why a form of HGVS that is not interpreted is refused; None where it is no such form."""
    if re.search(r"\([?\d*+-]+_[?\d*+-]+\)|\?", rest):
        return ToolRetry(
            f"{text!r}: changes with uncertain positions, such as deletions of whole exons, are not interpreted; write "
            "the gene and what is lost, such as 'BRCA1 exon 13 deletion'."
        )
    if rest.startswith("[") or ";" in rest:
        return ToolRetry(f"{text!r}: write the variants of an allele one by one.")
    return None


def _genomic(text: str, reference: str, kind: str, edit: re.Match[str]) -> Written:
    from knowledge.tables.chromosomes import chromosome_name

    chromosome = "MT" if kind == "m" else chromosome_name(reference) or ""
    if not chromosome:
        raise ToolRetry(f"{text!r} does not say the chromosome; write it as NC_000007.14:g.… or chr7:g.….")
    start = edit["start"]
    if not start.isdigit():
        raise ToolRetry(f"{text!r}: {start!r} is not a genomic position.")
    return Written(
        text, "genomic", reference=reference, chromosome=chromosome, position=int(start), ref=edit["ref"] or "",
        alt=edit["alt"] or "", what=edit["edit"],
    )  # fmt: skip


def _short(text: str, plain: str) -> Written | None:
    found = _SHORT.match(plain)
    if found is None:
        return None
    change = found["change"]
    if re.fullmatch(r"\*\d{1,3}[A-Z]?", change) and _PHARMACOGENE.match(found["gene"]):
        raise _named_allele(text, found["gene"])
    if parse_protein(change) is not None:
        return Written(text, "protein", _gene(found["gene"]), hgvs_p=f"p.{change.removeprefix('p.')}")
    if _CODON.match(change):
        return Written(text, "codon", _gene(found["gene"]), what=change)
    return None


def _fusion(text: str, plain: str) -> Written | None:
    found = _FUSION.match(plain)
    if found is None or (re.fullmatch(r"[A-Z]\d+[A-Z]?", found["b"], re.I) and parse_protein(found["b"].upper())):
        return None
    return Written(text, "fusion", _gene(found["b"]), partner=_gene(found["a"]))
