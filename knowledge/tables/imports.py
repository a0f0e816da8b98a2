"""Turn released files into local tables, or into the compact ones that ship with Consilium.

consilium knowledge import clinvar FILE --release 2016-05 --assembly GRCh37
python -m knowledge.tables.imports --bundle SOURCES      (SOURCES: the folder of genomics sources)
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from knowledge.errors import BadInput, ToolRetry
from knowledge.manifest import file_sha256
from knowledge.tables import build_civic, build_clinvar, build_cpic, build_gnomad, build_proteins
from knowledge.tables.store import BUNDLED, Release, panel_genes, user_tables, write_table

PROTEINS = "RefSeq as listed by ProteinGym, Swiss-Prot 2014-01"
KINDS = ("clinvar", "civic", "gnomad", "cpic", "proteins")


def import_table(
    kind: str,
    files: Sequence[Path],
    release: str | None = None,
    assembly: str | None = None,
    folder: Path | None = None,
    panel_only: bool = False,
) -> Release:
    """Import `files` as the table `kind`; an earlier table stays until the new one is complete.

    Args:
        kind: one of `KINDS`.
        files: the released file; for civic the evidence and the variant summaries; for cpic a folder.
        release: the release as its publisher names it, where the file does not say.
        assembly: GRCh37 or GRCh38, where the file does not say.
        folder: where the table is written; the user's folder if None.
        panel_only: keep the genes of the panel only.

    Raises:
        ToolRetry: unknown kind, or a release or assembly that has to be given.
        BadInput: a file is not of that kind.
    """
    if kind not in KINDS:
        raise ToolRetry(f"There is no table named {kind!r}. The tables are: {', '.join(KINDS)}.")
    for path in files:
        if not path.exists():
            raise BadInput(path.name, "the whole file", "it is not there", "a file that can be read")
    target = folder or user_tables()
    if kind == "cpic":
        return _import_cpic(files[0], target)
    makers: dict[str, Callable[[Sequence[Path], str | None, str | None, bool], _Job]] = {
        "clinvar": _clinvar_job,
        "civic": _civic_job,
        "gnomad": _gnomad_job,
        "proteins": _protein_job,
    }
    job = makers[kind](files, release, assembly, panel_only)
    meta = {
        "name": kind,
        "release": job.release,
        "assemblies": job.assembly,
        "source": ", ".join(path.name for path in files),
        "source_sha256": ",".join(file_sha256(path) for path in files),
    }
    return write_table(target / f"{kind}.sqlite", job.schema, meta, job.fill)


class _Job:
    def __init__(self, release: str, assembly: str, schema: str, fill: Callable[[sqlite3.Connection], int]) -> None:
        self.release, self.assembly, self.schema, self.fill = release, assembly, schema, fill


def _need(value: str | None, what: str, example: str) -> str:
    if not value:
        raise ToolRetry(f"The file does not say its {what}; name it with --{what}, such as {example}.")
    return value


def _assembly(value: str | None) -> str:
    known = _need(value, "assembly", "GRCh38")
    if known not in ("GRCh37", "GRCh38"):
        raise ToolRetry(f"{known!r} is not an assembly that is known here; use GRCh37 or GRCh38.")
    return known


def _clinvar_job(files: Sequence[Path], release: str | None, assembly: str | None, panel_only: bool) -> _Job:
    layout, said_assembly, said_release = build_clinvar.sniff(files[0])
    known = _assembly(said_assembly or assembly)
    if said_assembly and assembly and said_assembly != assembly:
        raise BadInput(files[0].name, "the header", f"it says {said_assembly}, not {assembly}", said_assembly)
    genes = panel_genes() if panel_only else None

    def fill(connection: sqlite3.Connection) -> int:
        rows = build_clinvar.read_rows(files[0], layout, known)
        if layout == "vcf":
            rows = build_clinvar.with_names(rows, known, BUNDLED / "clinvar.sqlite")
        count = build_clinvar.fill(connection, rows, known, genes)
        if not count:
            raise BadInput(files[0].name, "the whole file", "no record could be used", build_clinvar.ACCEPTED)
        if layout == "vcf":
            connection.execute("INSERT INTO meta VALUES ('note', ?)", (_unnamed(connection, count),))
        return count

    assemblies = "GRCh37,GRCh38 (lifted)" if known == "GRCh37" else known
    return _Job(_need(release or said_release, "release", "2016-05"), assemblies, build_clinvar.SCHEMA, fill)


def _unnamed(connection: sqlite3.Connection, count: int) -> str:
    without = connection.execute("SELECT count(*) FROM record WHERE hgvs_c = '' AND hgvs_p = ''").fetchone()[0]
    return (
        f"ClinVar's VCF names no transcript or protein: {count - without} of {count} records have the names of the "
        "table that comes with Consilium; variant_summary.txt.gz has them all."
    )


def _civic_job(files: Sequence[Path], release: str | None, assembly: str | None, _panel_only: bool) -> _Job:
    evidence = [path for path in files if build_civic.is_evidence_file(path)]
    others = [path for path in files if path not in evidence]
    if len(evidence) != 1 or len(others) > 1:
        raise ToolRetry("civic takes the evidence summaries and, with them, the variant summaries.")

    def fill(connection: sqlite3.Connection) -> int:
        return build_civic.fill(connection, evidence[0], others[0] if others else None)

    return _Job(_need(release, "release", "2021-02"), assembly or "GRCh37", build_civic.SCHEMA, fill)


def _gnomad_job(files: Sequence[Path], release: str | None, assembly: str | None, _panel_only: bool) -> _Job:
    known = _assembly(assembly)

    def fill(connection: sqlite3.Connection) -> int:
        return sum(build_gnomad.fill(connection, path) for path in files)

    return _Job(_need(release, "release", "4.1"), known, build_gnomad.SCHEMA, fill)


def _protein_job(files: Sequence[Path], release: str | None, _assembly: str | None, _panel_only: bool) -> _Job:
    def fill(connection: sqlite3.Connection) -> int:
        rows = (row for path in files for row in build_proteins.read_rows(path))
        return build_proteins.fill(connection, rows)

    return _Job(_need(release, "release", "2023-07"), "none", build_proteins.SCHEMA, fill)


def _import_cpic(folder: Path, target: Path) -> Release:
    if not folder.is_dir():
        raise BadInput(folder.name, "the whole file", "it is not a folder", build_cpic.ACCEPTED)
    table = build_cpic.build(folder)
    target.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target, prefix=".cpic-")
    os.close(descriptor)
    try:
        build_cpic.write(table, Path(temporary))
        os.replace(temporary, target / "cpic.json.gz")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sha256 = file_sha256(target / "cpic.json.gz")
    return Release("cpic", table["release"], folder.name, sha256, "", len(table["genes"]), "GRCh38", target == BUNDLED)


def main(arguments: list[str] | None = None) -> None:
    """Build the bundled tables from a folder with clinvar/, civic/, pgx_cpic/ and proteins/.

    proteins/ holds the RefSeq list and, gzipped, what `build_swissprot` prints.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    sources = parser.parse_args(arguments).bundle
    clinvar = next((sources / "clinvar").glob("*.tsv.gz"))
    civic = sorted((sources / "civic").glob("*.tsv.gz"))
    for release in (
        import_table("clinvar", [clinvar], "2016-05", "GRCh37", BUNDLED, panel_only=True),
        import_table("civic", civic, "2021-02", "GRCh37", BUNDLED),
        import_table("cpic", [sources / "pgx_cpic"], folder=BUNDLED),
        import_table("proteins", sorted((sources / "proteins").glob("*.tsv.gz")), PROTEINS, folder=BUNDLED),
    ):
        sys.stdout.write(f"{release.name} {release.release}: {release.records} records\n")


if __name__ == "__main__":
    main()
