"""VCF: sample names become SAMPLE-1 …, and header lines that can tell who or where are dropped."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from knowledge.errors import BadInput
from tools.deid.surrogates import Surrogates

_FORMAT = re.compile(r"##fileformat=VCFv4\.\d+")
_KEPT = re.compile(r"##(?P<kind>FILTER|INFO|FORMAT|ALT|contig)=<(?P<fields>.*)>$")
# Fields of a header line: `Source` and `URL` tell of files and programs.
_FIELD = re.compile(r'(?P<key>ID|Number|Type|Description|length|assembly)=(?P<value>"(?:[^"\\]|\\.)*"|[^,"]*)(?:,|$)')
_CODE = re.compile(r"[\w.:*+-]{1,100}")
_PATH = re.compile(r"(?<![\w/.])(?:\w+:/)?(?:/[\w.@~+-]+){2,}|\b[A-Za-z]:\\[\w\\. -]+")
# Texts of records that are kept: what the standard names, and what annotators write.
_TEXTS_KEPT = frozenset({"AA", "CIGAR", "SVTYPE", "MATEID", "EVENT", "CSQ", "ANN", "BCSQ", "LOF", "NMD", "SpliceAI"})
_NUMBERS = re.compile(r"[-+0-9.eE,]*")
# Names of variants in public databases; what else stands there may be of the laboratory.
_KNOWN_ID = re.compile(r"(?:(?:rs|ss|esv|nsv|dgv)\d+|COS[MVN]\d+|(?:RCV|VCV|CA)\d+)")
_REFERENCE = re.compile(r"##reference=.*?(GRCh3[78]|hg19|hg38|b37)", re.IGNORECASE)
_LONGEST_LINE = 64 * 2**20
_ID, _INFO, _FIXED_COLUMNS = 2, 7, 9


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
                columns = line.rstrip("\r\n").split("\t")
                samples = {old: f"SAMPLE-{i}" for i, old in enumerate(columns[_FIXED_COLUMNS:], 1)}
                out.write("\t".join(columns[:_FIXED_COLUMNS] + list(samples.values())) + "\n")
            elif samples or line.strip():
                out.write(_record(line))
    return {"samples": samples, "dropped": dropped, "map": surrogates.to_json()}


def _record(line: str) -> str:
    """A record without names of its own laboratory: other ids than public ones, texts of unknown fields."""
    columns = line.rstrip("\r\n").split("\t")
    if len(columns) > _INFO:
        known = [one for one in columns[_ID].split(";") if _KNOWN_ID.fullmatch(one)]
        columns[_ID] = ";".join(known) or "."
        columns[_INFO] = ";".join(filter(_is_plain, columns[_INFO].split(";"))) or "."
    return "\t".join(columns) + "\n"


def _is_plain(entry: str) -> bool:
    key, _, value = entry.partition("=")
    return key in _TEXTS_KEPT or _NUMBERS.fullmatch(value) is not None


def _header(line: str, surrogates: Surrogates) -> str | None:
    line = line.rstrip("\r\n")
    form, kept = _FORMAT.fullmatch(line), _KEPT.match(line)
    if form:
        return f"{line}\n"
    if kept:
        fields = ",".join(_field(found["key"], found["value"], surrogates) for found in _FIELD.finditer(kept["fields"]))
        return f"##{kept['kind']}=<{fields}>\n"
    reference = _REFERENCE.match(line)
    return f"##reference={reference[1]}\n" if reference else None


def _field(key: str, value: str, surrogates: Surrogates) -> str:
    """One field of a header line; only a description is a text."""
    if key == "Description":
        return f"{key}={surrogates.hide(_PATH.sub('PATH', value))}"
    return f"{key}={value if _CODE.fullmatch(value) else 'REMOVED'}"


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
