"""Small VCF files and contexts for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from knowledge.tables.chromosomes import CHROMOSOMES, LENGTHS
from tools.artifacts import Artifacts
from tools.case import Attachment, Case, Patient
from tools.registry import ToolContext

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def header(assembly: str = "GRCh38", samples: str = "S1", extra: str = "") -> str:
    """A header with the contig lengths of an assembly."""
    contigs = "".join(f"##contig=<ID=chr{name},length={LENGTHS[assembly][name]}>\n" for name in CHROMOSOMES[:24])
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    tail = f"\tFORMAT\t{samples}" if samples else ""
    return f"##fileformat=VCFv4.2\n{contigs}{extra}{columns}{tail}\n"


def row(
    chromosome: str, position: int, ref: str, alt: str, call: str = "0/1", info: str = ".", filters: str = "PASS"
) -> str:
    """One record of one sample; `call` is the genotype, optionally with `:AD`."""
    form = "GT:AD" if ":" in call else "GT"
    return f"chr{chromosome}\t{position}\t.\t{ref}\t{alt}\t50\t{filters}\t{info}\t{form}\t{call}\n"


def write(path: Path, rows: Iterable[str], assembly: str = "GRCh38", extra: str = "") -> Path:
    """Write a file of one sample."""
    path.write_text(header(assembly, extra=extra) + "".join(rows))
    return path


def context(
    *files: Path, assembly: str | None = "GRCh38", origin: str | None = "somatic", sex: str | None = None
) -> ToolContext:
    """A context whose case has these files."""
    attachments = tuple(
        Attachment.model_validate(
            {
                "handle": f"variants-{n}",
                "kind": "variants",
                "name": f.name,
                "sha256": "0",
                "path": f,
                "assembly": assembly,
                "origin": origin,
            }
        )
        for n, f in enumerate(files, start=1)
    )
    patient = Patient.model_validate({"id": "p", "sex": sex})
    return ToolContext(
        Case(id="c", patient=patient, attachments=attachments),
        Artifacts(files[0].parent / "art" if files else Path("art")),
    )


def golden(name: str) -> list[list[str]]:
    """Rows of a golden table, without comments."""
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
