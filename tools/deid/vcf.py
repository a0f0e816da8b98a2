"""VCF: sample names become SAMPLE-1 …, and header lines that can tell who or where are dropped."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from knowledge.errors import BadInput
from tools.deid.surrogates import Surrogates

_KEPT = re.compile(r"##(?:fileformat|FILTER|INFO|FORMAT|ALT|contig|assembly|phasing)=")
_REFERENCE = re.compile(r"##reference=.*?(GRCh3[78]|hg19|hg38|b37)", re.IGNORECASE)
_LONGEST_LINE = 64 * 2**20
_FIXED_COLUMNS = 9


def deidentify_vcf(source: str, target: str, name: str, surrogates_json: str) -> dict[str, Any]:
    """Copy a VCF (plain or bgzip) without what tells who it is of. Runs in a limited child process.

    Returns:
        `samples`: old sample name -> new one; `dropped`: how many header lines were left out; `map`: the surrogates.

    Raises:
        BadInput: it is not a VCF, with the line.
    """
    surrogates = Surrogates.from_json(surrogates_json)
    samples: dict[str, str] = {}
    dropped = 0
    with _opened(Path(source), name) as stream, _writer(Path(target)) as out:
        for number, line in enumerate(_lines(stream, name), 1):
            if number == 1 and not line.startswith("##fileformat=VCF"):
                raise BadInput(name, "line 1", "it does not begin with ##fileformat=VCF", "a VCF 4 file")
            if line.startswith("##"):
                kept = _header(line, surrogates)
                dropped += kept is None
                out.write(kept or "")
            elif line.startswith("#CHROM"):
                columns = line.rstrip("\n").split("\t")
                samples = {old: f"SAMPLE-{i}" for i, old in enumerate(columns[_FIXED_COLUMNS:], 1)}
                out.write("\t".join(columns[:_FIXED_COLUMNS] + list(samples.values())) + "\n")
            elif samples or line.strip():
                out.write(line)
    return {"samples": samples, "dropped": dropped, "map": surrogates.to_json()}


def _header(line: str, surrogates: Surrogates) -> str | None:
    if _KEPT.match(line):
        return surrogates.hide(line)
    reference = _REFERENCE.match(line)
    return f"##reference={reference[1]}\n" if reference else None


def _lines(stream: TextIO, name: str) -> Iterator[str]:
    number = 0
    try:
        while line := stream.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise BadInput(name, f"line {number}", "the line is too long", f"at most {_LONGEST_LINE} characters")
            yield line
    except (UnicodeDecodeError, OSError, EOFError):
        raise BadInput(name, f"after line {number}", "it is not intact text", "UTF-8 text, plain or bgzip") from None


def _opened(path: Path, name: str) -> TextIO:
    with path.open("rb") as stream:
        magic = stream.read(2)
    if magic == b"\x1f\x8b":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    if name.endswith((".gz", ".bgz")):
        raise BadInput(name, "the whole file", "it is not gzip though named so", "bgzip, or .vcf without .gz")
    return path.open(encoding="utf-8", newline="\n")


class _Bgzip:
    """Text into a bgzip file."""

    def __init__(self, path: Path) -> None:
        import pysam

        self._file = pysam.BGZFile(str(path), "wb")

    def __enter__(self) -> _Bgzip:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, text: str) -> None:
        self._file.write(text.encode())


def _writer(path: Path) -> Any:
    return _Bgzip(path) if path.suffix in (".gz", ".bgz") else path.open("w", encoding="utf-8", newline="\n")
