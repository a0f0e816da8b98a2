"""Reference sequences and gene models that the user registers: for left-alignment and for consequences.

The files stay where they are; their paths are kept in `references.json` in the user's folder. Consequences come from
`bcftools csq` (Danecek and McCarthy 2017, doi:10.1093/bioinformatics/btx100) through pysam.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from knowledge.errors import BadInput, ToolFailed, ToolRetry
from knowledge.paths import home
from knowledge.tables.chromosomes import LENGTHS, chromosome_name
from tools.variants.reading import Assembly, VariantFile

ACCEPTED = "an indexed or indexable FASTA of the whole assembly, plain or compressed with bgzip"
_CONTIG_ID = re.compile(r"(##contig=<(?:[^>]*,)?ID=)([^,>]+)")
ACCEPTED_MODELS = "Ensembl's GFF3 of the assembly, with its sequences named as in the FASTA"


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
        _check_gff3(gff3, frozenset(lengths))
    held = _read()
    held[assembly] = {"fasta": str(fasta.resolve()), "gff3": str(gff3.resolve()) if gff3 else None}
    _write(held)
    return Reference(assembly, fasta, gff3)


def unregister(assembly: Assembly) -> None:
    """Forget the reference of an assembly. Raises `ToolRetry` where none is registered."""
    held = _read()
    if held.pop(assembly, None) is None:
        raise ToolRetry(f"No reference is registered for {assembly}.")
    _write(held)


def _write(held: dict[str, dict[str, str | None]]) -> None:
    home().mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=home(), prefix=".references-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(held, stream)
    os.replace(temporary, _settings())


def _check_gff3(path: Path, contigs: frozenset[str]) -> None:
    from knowledge.tables.build_clinvar import open_text

    seen: dict[str, None] = {}
    try:
        with open_text(path) as stream:
            if not stream.readline().startswith("##gff-version 3"):
                raise BadInput(path.name, "line 1", "it does not begin with ##gff-version 3", ACCEPTED_MODELS)
            for line in stream:
                name = line.partition("\t")[0]
                if name in contigs and not line.startswith("#"):
                    return
                if "\t" in line and not line.startswith("#"):
                    seen[name] = None
    except (OSError, EOFError):
        raise BadInput(path.name, "the whole file", "it cannot be read as text or gzip", ACCEPTED_MODELS) from None
    said = f"its sequences ({', '.join(list(seen)[:3])}) are not those of the FASTA ({', '.join(sorted(contigs)[:3])})"
    raise BadInput(path.name, "column 1", said, "gene models whose sequences are named as in the FASTA")


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

    Each variant is taken by itself, because the phase of most files is not known. Contigs that the file names in
    another way than the FASTA (`chr21` and `21`) are renamed.
    """
    import pysam
    import pysam.bcftools

    if reference.gff3 is None:
        return None
    target, renamed = _scratch(file), None
    said = pysam.set_verbosity(0)
    try:
        renamed = _renamed(file, reference)
        pysam.bcftools.csq(
            "--local-csq", "--force", "-f", str(reference.fasta), "-g", str(reference.gff3), "-o", str(target),
            str(renamed or file.path), catch_stdout=False,
        )  # fmt: skip
        return VariantFile(target, file.name, file.assembly), target
    except (pysam.SamtoolsError, BadInput, OSError, ValueError):
        target.unlink(missing_ok=True)
        return None
    finally:
        pysam.set_verbosity(said)
        if renamed is not None:
            renamed.unlink(missing_ok=True)


def _scratch(file: VariantFile) -> Path:
    from tools.scratch import scratch_parent, scratch_prefix

    size = 16 * file.path.stat().st_size
    descriptor, name = tempfile.mkstemp(suffix=".vcf", prefix=f"{scratch_prefix()}csq-", dir=scratch_parent(size))
    os.close(descriptor)
    return Path(name)


def _renamed(file: VariantFile, reference: Reference) -> Path | None:
    """A copy as text with the contig names of the FASTA; None where the first record's contig has that name already."""
    import pysam

    from tools.variants.bcf import to_text
    from tools.variants.reading import kind_of, whole_lines

    with pysam.FastaFile(str(reference.fasta)) as opened:
        held = frozenset(opened.references)
    wanted = {found: name for name in held if (found := chromosome_name(name))}
    as_text = to_text(file.path, file.name) if kind_of(file.path, file.name) == "bcf" else None
    target = _scratch(file)
    try:
        with _opened(as_text or file.path) as source, target.open("w", encoding="utf-8") as copy:
            first = True
            for line in _lines(whole_lines(source, file.name, as_text or file.path)):
                name = line.partition("\t")[0]
                if first and not line.startswith("#"):
                    if name in held:
                        target.unlink()
                        return None
                    first = False
                copy.write(_with_names(line, wanted))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        if as_text is not None:
            as_text.unlink(missing_ok=True)
    return target


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    for chunk in chunks:
        yield from (f"{line}\n" for line in chunk.decode("utf-8", errors="replace").removesuffix("\n").split("\n"))


def _with_names(line: str, wanted: Mapping[str, str]) -> str:
    """A line of a VCF with its contig, in a record or in `##contig`, named as `wanted` names the chromosome."""
    if line.startswith("#"):
        contig = _CONTIG_ID.match(line)
        name = wanted.get(chromosome_name(contig[2]) or "") if contig else None
        return f"{contig[1]}{name}{line[contig.end() :]}" if contig and name else line
    name, tab, rest = line.partition("\t")
    return f"{wanted.get(chromosome_name(name) or '', name)}{tab}{rest}"
