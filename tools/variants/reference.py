"""Reference sequences and gene models that the user registers: for left-alignment and for consequences.

The files stay where they are; their paths are kept in `references.json` in the user's folder. Consequences come from
`bcftools csq` (Danecek and McCarthy 2017, doi:10.1093/bioinformatics/btx100) through pysam.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import BadInput, ToolFailed
from knowledge.paths import home
from knowledge.tables.chromosomes import LENGTHS, chromosome_name
from tools.variants.reading import Assembly, VariantFile

ACCEPTED = "an indexed or indexable FASTA of the whole assembly, plain or compressed with bgzip"


@dataclass(frozen=True)
class Reference:
    """A registered FASTA, and gene models (GFF3) where they were given."""

    assembly: Assembly
    fasta: Path
    gff3: Path | None


def _settings() -> Path:
    return home() / "references.json"


def register(fasta: Path, assembly: Assembly, gff3: Path | None) -> Reference:
    """Check a FASTA against the assembly, index it if need be, and remember it.

    Raises:
        BadInput: the FASTA cannot be read or is of another assembly, or the GFF3 is not one.
    """
    import pysam

    for path in (fasta, gff3):
        if path is not None and not path.is_file():
            raise BadInput(path.name, "the whole file", "it is not there", ACCEPTED)
    try:
        with pysam.FastaFile(str(fasta)) as opened:
            lengths = dict(zip(opened.references, opened.lengths, strict=True))
    except (OSError, ValueError):
        raise BadInput(fasta.name, "the whole file", "it cannot be read as FASTA", ACCEPTED) from None
    for name, length in lengths.items():
        primary = chromosome_name(name)
        if primary and primary != "MT" and length != LENGTHS[assembly][primary]:
            raise BadInput(fasta.name, name, f"its length {length} is not that of {assembly}", ACCEPTED)
    if gff3 is not None:
        _check_gff3(gff3)
    held = _read()
    held[assembly] = {"fasta": str(fasta.resolve()), "gff3": str(gff3.resolve()) if gff3 else None}
    descriptor, temporary = tempfile.mkstemp(dir=home(), prefix=".references-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(held, stream)
    os.replace(temporary, _settings())
    return Reference(assembly, fasta, gff3)


def _check_gff3(path: Path) -> None:
    from knowledge.tables.build_clinvar import open_text

    try:
        with open_text(path) as stream:
            first = stream.readline()
    except (OSError, EOFError):
        first = ""
    if not first.startswith("##gff-version 3"):
        raise BadInput(path.name, "line 1", "it does not begin with ##gff-version 3", "Ensembl's GFF3 of the assembly")


def _read() -> dict[str, dict[str, str | None]]:
    try:
        data: dict[str, dict[str, str | None]] = json.loads(_settings().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ToolFailed("references.json is damaged. Register the reference again.") from None
    return data


def registered(assembly: Assembly) -> Reference | None:
    """The reference registered for an assembly, if its file is still there."""
    held = _read().get(assembly)
    fasta = (held or {}).get("fasta")
    if not fasta or not Path(fasta).is_file():
        return None
    models = (held or {}).get("gff3")
    return Reference(assembly, Path(fasta), Path(models) if models and Path(models).is_file() else None)


def base_reader(reference: Reference) -> Callable[[str, int], str]:
    """A function of (chromosome, 1-based position) to the reference base, upper case; N outside."""
    import pysam

    opened = pysam.FastaFile(str(reference.fasta))
    names = {chromosome_name(name): name for name in opened.references}

    def base(chromosome: str, position: int) -> str:
        name = names.get(chromosome)
        if name is None or position < 1:
            return "N"
        return str(opened.fetch(name, position - 1, position)).upper() or "N"

    return base


def with_consequences(file: VariantFile, reference: Reference) -> tuple[VariantFile, Path] | None:
    """The file with `BCSQ` added by bcftools csq, and the temporary path to delete; None where csq cannot read it.

    Each variant is taken by itself, because the phase of most files is not known. The contigs of the file have to be
    named as those of the FASTA and the GFF3.
    """
    import pysam
    import pysam.bcftools

    from tools.scratch import scratch_parent, scratch_prefix

    if reference.gff3 is None:
        return None
    descriptor, name = tempfile.mkstemp(
        suffix=".vcf", prefix=f"{scratch_prefix()}csq-", dir=scratch_parent(16 * file.path.stat().st_size)
    )
    os.close(descriptor)
    target = Path(name)
    try:
        pysam.bcftools.csq(
            "--local-csq", "--force", "-f", str(reference.fasta), "-g", str(reference.gff3), "-o", name,
            str(file.path), catch_stdout=False,
        )  # fmt: skip
        return VariantFile(target, file.name, file.assembly), target
    except (pysam.SamtoolsError, BadInput, OSError):
        target.unlink(missing_ok=True)
        return None
