"""Annotate variants that were written in words rather than read from a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.errors import ToolRetry
from tools.missense.proteins import protein_table
from tools.variants.annotate import Annotator
from tools.variants.instability import annotate_marker
from tools.variants.lookup import CivicVariant, civic_protein
from tools.variants.model import AnnotatedVariant, ClinVarHit, Consequence
from tools.variants.names import consequence_of
from tools.variants.reading import Assembly
from tools.variants.rsids import UNKNOWN, by_rsid, of_hit
from tools.variants.rsids import notes as rsid_notes
from tools.variants.written import Written, parse_written


def annotate_text(annotator: Annotator, text: str, assembly: Assembly | None) -> AnnotatedVariant:
    """Annotate one variant as written; never sets patient facts.

    Raises:
        ToolRetry: it cannot be read, or it is a position and no assembly is named.
    """
    written = parse_written(text)
    fused = f"{written.partner}::{written.gene}"
    known = annotator.civic.by_gene
    if written.kind == "fusion" and written.partner and _leads(known, written.partner, written.gene):
        written = replace(written, gene=written.partner, partner=written.gene)
    if written.marker is not None:
        return annotate_marker(text, written.marker, annotator.tumour, annotator.origin == "germline")
    consequence, hit = _meaning(annotator, written, assembly)
    if consequence is None:
        said = UNKNOWN if written.kind == "rsid" else "It is in none of the tables in use."
        return AnnotatedVariant(text=text, gene=written.gene, name=text, notes=(said,))
    made = annotator.finish(text, consequence, hit, asked=True)
    assert made is not None
    if hit is None and not any(item.variant.upper() != "MUTATION" for item in made.therapies):
        made = made.model_copy(update={"name": text, "notes": (NO_RECORD, *made.notes)})
    name = f"{fused} fusion" if written.partner else made.name
    of_class = written.kind in ("amplification", "exon", "skipping", "fusion", "named", "loss")
    if (of_class or consequence.label) and not written.partner:
        name = text
    if text.strip().lower().startswith("rs"):
        made = made.model_copy(update={"notes": (*rsid_notes(text.strip().lower()), *made.notes)})
    notes = tuple(note for note in made.notes if not note.casefold().endswith(f"known as {text.strip().casefold()}."))
    return made.model_copy(update={"facts": (), "name": name, "notes": notes})


NO_RECORD = "ClinVar has no record of it and CIViC no therapy evidence, in the releases in use."
_NAMED_TERMS = {
    "ITD": "inframe_insertion", "VIII": "inframe_deletion", "PROMOTER MUTATION": "upstream_variant",
    "V7 EXPRESSION": "other",
}  # fmt: skip


def _meaning(
    annotator: Annotator, written: Written, assembly: Assembly | None
) -> tuple[Consequence | None, ClinVarHit | None]:
    if written.kind in ("allele", "genomic"):
        return _by_place(annotator, written, assembly)
    if written.kind == "rsid":
        return by_rsid(annotator, written.reference)
    if written.kind in ("coding", "protein"):
        return _by_name(annotator, written)
    source = "as written"
    terms = {
        "fusion": "fusion", "amplification": "amplification", "skipping": "splice_donor_variant", "loss": "deletion",
        "codon": "missense_variant",
    }  # fmt: skip
    term = terms.get(written.kind, "other")
    protein = ""
    if written.kind == "exon":
        term = {"deletion": "inframe_deletion", "insertion": "inframe_insertion"}.get(written.what, "other")
    exon, label = str(written.exon) if written.exon else "", written.what if written.kind == "codon" else ""
    if written.kind == "exon":
        label = f"EXON {exon} {written.what.upper()}"
    if written.kind == "named":
        term, label = _NAMED_TERMS[written.what], written.what
    made = Consequence(
        gene=written.gene, transcript=written.partner, hgvs_p=protein, term=term, source=source, exon=exon, label=label
    )
    return made, None


def _by_place(
    annotator: Annotator, written: Written, assembly: Assembly | None
) -> tuple[Consequence | None, ClinVarHit | None]:
    if written.reference.startswith("NC_") and "." in written.reference:
        assembly = _refseq_assembly(written.reference) or assembly
    if assembly is None and written.chromosome != "MT":
        raise ToolRetry(f"{written.text!r} is a position; name its assembly, GRCh37 or GRCh38.")
    if written.position is None or not (written.ref and written.alt):
        raise ToolRetry(
            f"{written.text!r}: of genomic names only substitutions are looked up; give it as c. or in a VCF."
        )
    hit = annotator.clinvar.allele(assembly or "GRCh38", written.chromosome, written.position, written.ref, written.alt)
    if hit is None:
        variant = annotator.civic.allele(
            assembly or "GRCh38", written.chromosome, written.position, written.ref, written.alt
        )
        if variant is None:
            return None, None
        protein = civic_protein(variant)
        made = Consequence(
            gene=variant.gene, hgvs_p=f"p.{protein}" if protein else "", term=consequence_of("", protein),
            source=f"CIViC {annotator.civic.release.release}",
        )  # fmt: skip
        return made, None
    return of_hit(hit), hit


# RefSeq chromosome versions of GRCh37.p13 and GRCh38.p14 that differ, by accession.
_VERSIONS_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
_VERSIONS_38 = (11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10)


def _refseq_assembly(reference: str) -> Assembly | None:
    accession, _, version = reference.removeprefix("NC_").partition(".")
    if not (accession.isdigit() and version.isdigit()) or not 1 <= int(accession) <= 24:
        return None
    index = int(accession) - 1
    if int(version) == _VERSIONS_37[index]:
        return "GRCh37"
    return "GRCh38" if int(version) == _VERSIONS_38[index] else None


def _by_name(annotator: Annotator, written: Written) -> tuple[Consequence | None, ClinVarHit | None]:
    gene = written.gene or annotator.clinvar.gene_of(written.reference) or _gene_of_protein(written.reference)
    if not gene:
        raise ToolRetry(f"{written.text!r} does not say the gene; write it as GENE c.… or GENE p.….")
    if (codon := _any_residue(annotator, gene, written)) is not None:
        return codon, None
    hits = annotator.clinvar.named(gene, written.hgvs_c, written.hgvs_p)
    if hits:
        same = of_hit(hits[0])
        if written.kind == "protein" and len({hit.hgvs_c for hit in hits}) > 1:
            same = same.model_copy(update={"hgvs_c": ""})
        return same, hits[0]
    made = Consequence(
        gene=gene, transcript=written.reference, hgvs_c=written.hgvs_c, hgvs_p=written.hgvs_p,
        term=consequence_of(written.hgvs_c, written.hgvs_p), source="as written",
    )  # fmt: skip
    return made, None


def _any_residue(annotator: Annotator, gene: str, written: Written) -> Consequence | None:
    """`EGFR G719X` as a change of codon 719 to any residue.

    X stands for a stop in old names. It is read as any residue only where CIViC has substitutions of that codon, and
    ClinVar has no stop there.
    """
    found = re.fullmatch(r"p\.([A-Z])(\d+)X", written.hgvs_p)
    if found is None or annotator.clinvar.named(gene, hgvs_p=f"p.{found[1]}{found[2]}*"):
        return None
    codon = f"{found[1]}{found[2]}"
    names = [variant.name.upper() for variant in annotator.civic.by_gene.get(gene, ())]
    if not any(re.fullmatch(rf"{codon}[A-WYZ]?(?:/.*)?", name) for name in names):
        return None
    return Consequence(gene=gene, term="missense_variant", source="as written", label=codon)


def _leads(known: Mapping[str, Sequence[CivicVariant]], five: str, three: str) -> bool:
    """Whether a fusion is filed under its 5' gene: the other is unknown, or has no record of the pair."""
    if three not in known:
        return five in known
    pair = (f"{five}-{three}", f"{three}-{five}")
    filed = {gene: any(v.name.upper().startswith(pair) for v in known.get(gene, ())) for gene in (five, three)}
    return filed[five] and not filed[three]


def _gene_of_protein(accession: str) -> str:
    """The gene of a RefSeq protein, or nothing where the protein table does not have it."""
    if not accession.startswith("NP_"):
        return ""
    try:
        return protein_table().by_accession(accession.partition(".")[0]).gene
    except ToolRetry:
        return ""
