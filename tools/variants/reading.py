"""Read VCF and BCF as a stream: flat memory, line numbers, one bad record at a time.

Text VCF, plain or gzipped, is read in blocks of lines, so that a bad record can be named by its line and the rest
kept, which a parser that stops at the first error cannot do. BCF goes through htslib (pysam) in a limited process
and joins as text.
"""

from __future__ import annotations

import gzip
import re
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

from knowledge.errors import BadInput
from knowledge.tables.chromosomes import LENGTHS, chromosome_name
from tools.variants.bcf import to_text

Assembly = Literal["GRCh37", "GRCh38"]

BLOCK_BYTES = 1 << 19
MAX_LINE_BYTES = 1 << 22
MAX_HEADER_LINES = 200_000
MAX_HEADER_BYTES = 1 << 26
MAX_RATIO = 1000
RATIO_FREE_BYTES = 1 << 28
PROBLEMS_KEPT = 50
ACCEPTED = "VCF 4.x (plain or gzipped) or BCF"
_CONTIG = re.compile(r"##contig=<.*?ID=([^,>]+)")
_LENGTH = re.compile(r"length=(\d+)")
_INFO_FIELDS = re.compile(r"##INFO=<ID=(CSQ|ANN|BCSQ)\b.*?(?:Format:|annotations:)\s*['\"]?\s*([^\"'>]+)")
_BASES = re.compile(r"^[ACGTNacgtn]+$")


@dataclass(frozen=True)
class RecordProblem:
    """Why one record was not used."""

    line: int
    text: str


@dataclass(frozen=True)
class Header:
    """What the header says. `fields` gives the names inside CSQ, ANN or BCSQ, by INFO key."""

    lines: int
    samples: tuple[str, ...]
    contig_lengths: dict[str, int]
    said_assembly: Assembly | None
    fields: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Genotype:
    """One sample's call: allele indices (0 is the reference, None not called), phase, depths.

    `depths` are reads of each allele (AD), `depth` all reads (DP), `fraction` the caller's own allele fraction (AF).
    """

    alleles: tuple[int | None, ...]
    phased: bool = False
    phase_set: str | None = None
    depths: tuple[int, ...] = ()
    depth: int | None = None
    fractions: tuple[float, ...] = ()


@dataclass(frozen=True)
class VcfLine:
    """One record as it stands in the file, with one sample's genotype if the file has samples."""

    line: int
    chromosome: str
    position: int
    identifier: str
    ref: str
    alts: tuple[str, ...]
    filters: str
    info: str
    genotype: Genotype | None

    def info_value(self, key: str) -> str | None:
        """The value of one INFO key, or None."""
        mark = f"{key}="
        for item in self.info.split(";"):
            if item.startswith(mark):
                return item[len(mark) :]
        return None


@dataclass
class ReadingReport:
    """Counts and problems of one pass; `problems` holds the first ones only."""

    records: int = 0
    bad_records: int = 0
    other_contigs: int = 0
    unhandled_alleles: int = 0
    problems: list[RecordProblem] = field(default_factory=list)
    unhandled: list[RecordProblem] = field(default_factory=list)

    def bad(self, line: int, text: str) -> None:
        """Record a record that was left out."""
        self.bad_records += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(RecordProblem(line, text))

    def not_handled(self, line: int, text: str) -> None:
        """Record an allele that is kept in the file but not interpreted."""
        self.unhandled_alleles += 1
        if len(self.unhandled) < PROBLEMS_KEPT:
            self.unhandled.append(RecordProblem(line, text))


class VariantFile:
    """A VCF or BCF of one assembly, which is checked against the header.

    Args:
        path: the file.
        name: its name for messages.
        assembly: the assembly that the user names.

    Raises:
        BadInput: it is no VCF or BCF, or its header speaks against the assembly.
    """

    def __init__(self, path: Path, name: str, assembly: Assembly) -> None:
        self.path, self.name, self.assembly = path, name, assembly
        self._kind = kind_of(path, name)
        if self._kind == "bcf":
            self.path, self._kind = to_text(path, name), "plain"
            weakref.finalize(self, _delete, self.path)
        self.header = self._read_header()
        check_assembly(self.header, name, assembly)

    def sample_index(self, sample: str | None) -> int | None:
        """Column of a sample: the named one, or the only one; None where the file has no samples.

        Raises:
            BadInput: there are several samples and none is named, or the named one is not there.
        """
        names = self.header.samples
        listed = ", ".join(names[:20])
        if sample is not None:
            if sample not in names:
                raise BadInput(self.name, "the #CHROM line", f"it has no sample {sample!r}", listed or "no sample name")
            return names.index(sample)
        if len(names) > 1:
            raise BadInput(self.name, "the #CHROM line", f"it has {len(names)} samples and none was named", listed)
        return 0 if names else None

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """(number of the first line, whole lines as bytes, each with its line end) of each block after the header.

        A line longer than `MAX_LINE_BYTES` comes as the line `#too long`.
        """
        first, header_left = 1, self.header.lines
        with self._open() as stream:
            for chunk in whole_lines(stream, self.name, self.path):
                if header_left:
                    lines = chunk.split(b"\n")[:-1]
                    if header_left < len(lines):
                        yield first + header_left, b"\n".join(lines[header_left:]) + b"\n"
                    first, header_left = first + len(lines), max(header_left - len(lines), 0)
                else:
                    yield first, chunk
                    first += chunk.count(b"\n")

    def blocks(self) -> Iterator[tuple[int, list[bytes]]]:
        """As `chunks`, with the lines apart and without line ends."""
        for first, chunk in self.chunks():
            yield first, chunk.split(b"\n")[:-1]

    def _open(self) -> IO[bytes]:
        if self._kind == "gzip":
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _read_header(self) -> Header:
        lines: list[str] = []
        held = 0
        with self._open() as stream:
            for chunk in whole_lines(stream, self.name, self.path):
                for raw in chunk.split(b"\n")[:-1]:
                    lines.append(raw.decode("utf-8", errors="replace").rstrip("\r"))
                    if lines[-1].startswith("#CHROM"):
                        return parse_header(lines, self.name)
                    held += len(raw)
                    if held > MAX_HEADER_BYTES:
                        limit = f"a header of at most {MAX_HEADER_BYTES >> 20} MiB"
                        raise BadInput(self.name, f"line {len(lines)}", "the header is too long", limit)
                    if not lines[-1].startswith("#") or len(lines) > MAX_HEADER_LINES:
                        raise BadInput(self.name, f"line {len(lines)}", "there is no #CHROM line before it", ACCEPTED)
        raise BadInput(self.name, f"line {len(lines) or 1}", "the file ends before the #CHROM line", ACCEPTED)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def kind_of(path: Path, name: str) -> Literal["plain", "gzip", "bcf"]:
    try:
        with path.open("rb") as stream:
            start = stream.read(2)
        if not start:
            raise BadInput(name, "line 1", "the file is empty", ACCEPTED)
        if start != b"\x1f\x8b":
            return "bcf" if start == b"BC" else "plain"
        with gzip.open(path, "rb") as unpacked:
            return "bcf" if unpacked.read(3) == b"BCF" else "gzip"
    except (OSError, EOFError, zlib.error):
        raise BadInput(name, "the whole file", "it cannot be read, or its compression is damaged", ACCEPTED) from None


def whole_lines(stream: IO[bytes], name: str, path: Path) -> Iterator[bytes]:
    """Chunks of whole lines, each with its line end. Refuses a stream that unpacks to far more than its size."""
    rest, total, packed, skipping = b"", 0, max(path.stat().st_size, 1), False
    while True:
        try:
            data = stream.read(BLOCK_BYTES)
        except (OSError, EOFError, zlib.error):
            raise BadInput(name, f"byte {total}", "its compression is damaged or cut short", ACCEPTED) from None
        total += len(data)
        if total > RATIO_FREE_BYTES and total > MAX_RATIO * packed:
            raise BadInput(name, f"byte {total}", f"it unpacks to over {MAX_RATIO} times its size", ACCEPTED)
        if not data:
            break
        if skipping:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, rest, skipping = data[end:], b"#too long", False
        cut = data.rfind(b"\n") + 1
        if cut:
            yield rest + data[:cut]
            rest = data[cut:]
        else:
            rest += data
        if len(rest) > MAX_LINE_BYTES:
            rest, skipping = b"", True
    if skipping:
        yield b"#too long\n"
    elif rest:
        yield rest + b"\n"


def parse_header(lines: list[str], name: str) -> Header:
    """Parse header lines, the last of which is `#CHROM…`. Raises `BadInput` naming the line."""
    if not lines[0].startswith("##fileformat=VCFv4"):
        raise BadInput(name, "line 1", "it does not begin with ##fileformat=VCFv4", ACCEPTED)
    columns = lines[-1].split("\t")
    if columns[:8] != ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]:
        raise BadInput(name, f"line {len(lines)}", "the eight fixed columns are not there", "tab-separated columns")
    samples = tuple(columns[9:])
    if len(set(samples)) != len(samples):
        raise BadInput(name, f"line {len(lines)}", "two samples have one name", "each sample named once")
    lengths: dict[str, int] = {}
    fields: dict[str, tuple[str, ...]] = {}
    said: Assembly | None = None
    for line in lines[:-1]:
        if contig := _CONTIG.match(line):
            length, primary = _LENGTH.search(line), chromosome_name(contig.group(1))
            if length and primary:
                lengths[primary] = int(length.group(1))
        elif found := _INFO_FIELDS.match(line):
            fields[found.group(1)] = tuple(part.strip() for part in found.group(2).split("|"))
        elif line.startswith(("##reference=", "##assembly=")):
            said = _assembly_in(line) or said
    return Header(len(lines), samples, lengths, said, fields)


def _assembly_in(text: str) -> Assembly | None:
    folded = text.lower()
    if "grch38" in folded or "hg38" in folded:
        return "GRCh38"
    if "grch37" in folded or "hg19" in folded or "hs37" in folded or "b37" in folded:
        return "GRCh37"
    return None


def check_assembly(header: Header, name: str, assembly: Assembly) -> None:
    """Raise `BadInput` where contig lengths or the reference named in the header are of another assembly."""
    for other, known in LENGTHS.items():
        if other == assembly:
            continue
        for contig, length in header.contig_lengths.items():
            if contig != "MT" and length == known[contig] != LENGTHS[assembly][contig]:
                raise BadInput(
                    name, f"##contig {contig}", f"its length {length} is that of {other}", f"a file on {assembly}"
                )
    for contig, length in header.contig_lengths.items():
        if contig != "MT" and length != LENGTHS[assembly][contig]:
            raise BadInput(name, f"##contig {contig}", f"its length {length} is not that of {assembly}", assembly)
    if header.said_assembly is not None and header.said_assembly != assembly and not header.contig_lengths:
        raise BadInput(name, "##reference", f"it names {header.said_assembly}, not {assembly}", assembly)


def parse_record(raw: bytes, line: int, samples: int, sample: int | None, report: ReadingReport) -> VcfLine | None:
    """Parse one line; None (with a note in `report`) where it cannot be used."""
    if raw == b"#too long":
        report.bad(line, f"the record is longer than {MAX_LINE_BYTES} bytes")
        return None
    fields = raw.decode("utf-8", errors="replace").rstrip("\r").split("\t")
    problem = _record_problem(fields, samples)
    if problem:
        report.bad(line, problem)
        return None
    chromosome = chromosome_name(fields[0])
    if chromosome is None:
        report.other_contigs += 1
        return None
    genotype = None
    if sample is not None and samples:
        try:
            genotype = parse_genotype(fields[8], fields[9 + sample])
        except ValueError as error:
            report.bad(line, str(error))
            return None
    alts = () if fields[4] == "." else tuple(fields[4].split(","))
    return VcfLine(
        line, chromosome, int(fields[1]), fields[2], fields[3].upper(), alts, fields[6], fields[7], genotype
    )  # fmt: skip


def _record_problem(fields: list[str], samples: int) -> str | None:
    if len(fields) < 8:
        return f"it has {len(fields)} columns, not at least 8"
    if samples and len(fields) != 9 + samples:
        return f"it has {len(fields)} columns, not {9 + samples}"
    if not (fields[1].isascii() and fields[1].isdigit()) or not 0 < len(fields[1]) < 11:
        return "POS is not a whole number"
    if int(fields[1]) < 1:
        return "POS is below 1"
    if not _BASES.match(fields[3]):
        return "REF is not made of A, C, G, T, N"
    return None


def parse_genotype(format_text: str, text: str) -> Genotype:
    """Parse one sample column. Raises `ValueError` with a plain text where GT or a number is malformed."""
    values = dict(zip(format_text.split(":"), text.split(":"), strict=False))
    call = values.get("GT", ".")
    phased = "|" in call
    parts = re.split(r"[|/]", call)
    if not all(part == "." or part.isdigit() for part in parts):
        raise ValueError("GT is not made of allele numbers")
    try:
        depths = tuple(int(part) if part != "." else 0 for part in values.get("AD", "").split(",") if part)
        depth = values.get("DP", ".")
        fraction_text = values.get("AF", values.get("VAF", ""))
        fractions = tuple(float(part) for part in fraction_text.split(",") if part and part != ".")
        return Genotype(
            tuple(None if part == "." else int(part) for part in parts), phased, values.get("PS"), depths,
            int(depth) if depth != "." else None, fractions,
        )  # fmt: skip
    except ValueError:
        raise ValueError("AD, DP or AF is not a number") from None
