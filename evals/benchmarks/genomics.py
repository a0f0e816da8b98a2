"""Records per second and peak memory of the variant tool over a whole genome, beside `bcftools annotate`.

    python -m evals.benchmarks.genomics --records 5000000

A sorted GRCh38 file of one sample is made from a seed: random substitutions and short insertions, with two thousand
real alleles of the local ClinVar table among them. Each program then looks every record up in that table: ours through
`annotate_variants` (decompression, checks, look-up, interpretation of the hits) and by the look-up alone; bcftools by
`annotate -c INFO/CLNSIG` to uncompressed BCF in /dev/null, with the same table as an indexed VCF. Each runs in a
process of its own; peak memory is the kernel's figure for that process. The number of alleles found is compared.

A fifth of the records is made once more with the annotation that VEP writes (three transcripts a record, of genes that
no table knows), as genomes come from a pipeline.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from knowledge.tables.chromosomes import CHROMOSOMES, LENGTHS

REAL_ALLELES = 2000
ANNOTATED_SHARE = 5
CSQ = "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|EXON|INTRON|HGVSc|HGVSp|CANONICAL|MANE_SELECT"
TERMS = ("intron_variant", "upstream_gene_variant", "non_coding_transcript_variant")
RESULTS = Path(__file__).resolve().parent.parent / "RESULTS-genomics.md"


def table_alleles() -> list[tuple[str, int, str, str]]:
    """Every allele of the local ClinVar table on GRCh38: chromosome, position, ref, alt."""
    from tools.variants.lookup import clinvar_table

    table, found = clinvar_table(), []
    for chromosome, positions in table.positions("GRCh38").items():
        for position in positions:
            for ref, alt, _ in table.at("GRCh38", chromosome, position):
                if set(ref + alt) <= set("ACGT"):
                    found.append((chromosome, position, ref, alt))
    return found


def header(annotated: bool = False) -> str:
    """Header of the generated files."""
    csq = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations. Format: {CSQ}">\n'
    contigs = "".join(f"##contig=<ID=chr{name},length={LENGTHS['GRCh38'][name]}>\n" for name in CHROMOSOMES[:24])
    return (
        f"##fileformat=VCFv4.2\n{contigs}{csq if annotated else ''}"
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
        '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Significance">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">\n'
    )


def annotation(alt: str, chance: random.Random) -> str:
    """What VEP says of a record outside of the genes that matter: three transcripts of one gene."""
    number = chance.randrange(20_000)
    shared = f"MODIFIER|GENE{number}|ENSG{number:011d}|Transcript|ENST"
    return ",".join(f"{alt}|{term}|{shared}{number + k:011d}|protein_coding||||||" for k, term in enumerate(TERMS))


def genome(records: int, seed: int, annotated: bool = False) -> Iterator[str]:
    """Lines of the generated file, sorted by place."""
    chance = random.Random(seed)
    real: dict[str, list[tuple[int, str, str]]] = {}
    for chromosome, position, ref, alt in random.Random(seed).sample(sorted(table_alleles()), REAL_ALLELES):
        real.setdefault(chromosome, []).append((position, ref, alt))
    total = sum(LENGTHS["GRCh38"][name] for name in CHROMOSOMES[:24])
    for name in CHROMOSOMES[:24]:
        length = LENGTHS["GRCh38"][name]
        count = records * length // total
        rows = [(chance.randrange(10_000, length), "", "") for _ in range(count)] + real.get(name, [])
        rows.sort()
        for position, known_ref, known_alt in rows:
            ref, alt = known_ref, known_alt
            if not ref:
                ref = chance.choice("ACGT")
                alt = chance.choice("ACGT".replace(ref, "")) if chance.random() < 0.85 else ref + "AC"
            info = f"DP=31;CSQ={annotation(alt, chance)}" if annotated else "DP=31"
            yield f"chr{name}\t{position}\t.\t{ref}\t{alt}\t50\tPASS\t{info}\tGT:AD\t0/1:15,16\n"


def make_files(folder: Path, records: int, seed: int, annotated: bool = False) -> tuple[Path, Path, int]:
    """(genome, table as VCF, number of records); both bgzipped, the table indexed."""
    import pysam

    source, table = folder / "genome.vcf.gz", folder / "table.vcf.gz"
    made = 0
    with pysam.BGZFile(str(source), "wb") as stream:
        stream.write((header(annotated) + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n").encode())
        for line in genome(records, seed, annotated):
            stream.write(line.encode())
            made += 1
    order = {name: index for index, name in enumerate(CHROMOSOMES)}
    with pysam.BGZFile(str(table), "wb") as stream:
        stream.write((header() + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n").encode())
        for chromosome, position, ref, alt in sorted(table_alleles(), key=lambda a: (order[a[0]], *a[1:])):
            if chromosome != "MT":
                stream.write(f"chr{chromosome}\t{position}\t.\t{ref}\t{alt}\t.\t.\tCLNSIG=known\n".encode())
    pysam.tabix_index(str(table), preset="vcf", force=True)
    pysam.tabix_index(str(source), preset="vcf", force=True)
    return source, table, made


def ours(path: Path) -> dict[str, float]:
    """Run the tool over `path` in this process; seconds and hits."""
    from tools.artifacts import Artifacts
    from tools.case import Attachment, Case, Patient
    from tools.registry import ToolContext, call_tool

    item = Attachment(
        handle="variants-1",
        kind="variants",
        name=path.name,
        sha256="0",
        path=path,
        assembly="GRCh38",
        origin="germline",
    )
    context = ToolContext(Case(id="b", patient=Patient(id="b"), attachments=(item,)), Artifacts(path.parent))
    start = time.perf_counter()
    result = call_tool("annotate_variants", {}, context)
    seconds = time.perf_counter() - start
    summary = result.model_dump(mode="json")["payload"]
    file = summary["files"][0]
    hits = len(summary["variants"]) + summary["truncated"] + file["benign"]
    return {"seconds": seconds, "hits": hits, "records": file["records"]}


def look_up_only(path: Path) -> dict[str, float]:
    """Only find the records of `path` whose allele is in the table, without saying what they mean."""
    from tools.variants.annotate import candidates, positions_of_interest
    from tools.variants.lookup import civic_table, clinvar_table
    from tools.variants.normalise import trim
    from tools.variants.reading import ReadingReport, VariantFile

    table, report = clinvar_table(), ReadingReport()
    near = positions_of_interest(table, civic_table(), "GRCh38")
    hits = 0
    for record in candidates(VariantFile(path, path.name, "GRCh38"), near, 0, 1, report):
        place = trim(record.position, record.ref, record.alts[0])
        hits += table.allele("GRCh38", record.chromosome, *place) is not None
    return {"hits": hits, "records": report.records}


HEADINGS = (
    "| program | processor seconds | records a processor second | wall seconds | peak MiB | alleles found |",
    "|---|---|---|---|---|---|",
)
NOTES = (
    "The look-up and bcftools do the same work: they find the records whose allele is in the table (bcftools also",
    "writes all records as uncompressed BCF to /dev/null). `annotate_variants` goes on to say what each allele found",
    "means: consequence, ACMG/AMP codes, missense scores. Each figure holds the start of its program.",
)


class Run(NamedTuple):
    """What one run of a command printed and used."""

    output: str
    seconds: float
    processor_seconds: float
    peak_mib: float


def measured(command: list[str]) -> Run:
    """Run a command in a process of its own."""
    start = time.perf_counter()
    probe = (
        "import resource,subprocess,sys;"
        "p=subprocess.run(sys.argv[1:],stdout=subprocess.PIPE);sys.stdout.buffer.write(p.stdout);"
        "r=resource.getrusage(resource.RUSAGE_CHILDREN);"
        "sys.stderr.write(f'\\n{r.ru_maxrss} {r.ru_utime+r.ru_stime}');sys.exit(p.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", probe, *command], capture_output=True, check=True)
    peak, used = done.stderr.decode().strip().split("\n")[-1].split()
    return Run(done.stdout.decode(), time.perf_counter() - start, float(used), int(peak) / 1024)


def best(command: list[str], repeats: int) -> Run:
    """The run of `command` that used least processor time."""
    return min((measured(command) for _ in range(repeats)), key=lambda run: run.processor_seconds)


def compare(records: int, seed: int, repeats: int, annotated: bool = False) -> list[tuple[str, ...]]:
    """Rows of a table of results."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, table, made = make_files(folder, records, seed, annotated)
        worker = [sys.executable, "-m", "evals.benchmarks.genomics", "--worker", str(source)]
        for title, extra in (("annotate_variants", []), ("look-up only", ["--look-up-only"])):
            run = best([*worker, *extra], repeats)
            rows.append(_row(f"consilium, {title}", made, run, int(json.loads(run.output)["hits"])))
        program = shutil.which("bcftools")
        if program is not None:
            base = [program, "annotate", "-a", str(table), "-c", "INFO/CLNSIG", "-Ou"]
            run = best([*base, "-o", "/dev/null", str(source)], repeats)
            kept = folder / "annotated.bcf"
            subprocess.run([*base, "-o", str(kept), str(source)], check=True)
            hits = subprocess.run(
                [program, "query", "-i", 'INFO/CLNSIG!="."', "-f", "%POS\n", str(kept)], capture_output=True, check=True
            )
            version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout.decode().split()[1]
            found = len(hits.stdout.decode().splitlines())
            rows.append(_row(f"bcftools {version} annotate", made, run, found))
    return rows


def _row(name: str, records: int, run: Run, hits: int) -> tuple[str, ...]:
    rate = f"{records / run.processor_seconds:,.0f}"
    return name, f"{run.processor_seconds:.1f}", rate, f"{run.seconds:.1f}", f"{run.peak_mib:.0f}", str(hits)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", type=Path)
    parser.add_argument("--look-up-only", action="store_true")
    given = parser.parse_args(arguments)
    if given.worker is not None:
        run = look_up_only if given.look_up_only else ours
        sys.stdout.write(json.dumps(run(given.worker)))
        return
    plain = compare(given.records, given.seed, given.repeats)
    share = given.records // ANNOTATED_SHARE
    annotated = compare(share, given.seed, given.repeats, annotated=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}, {resource.getpagesize() // 1024} KiB pages"
    lines = [
        "# Variants over a whole genome", "",
        f"`python -m evals.benchmarks.genomics --records {given.records}`, best of {given.repeats}, {machine}.", "",
        f"## {given.records:,} records", "", *HEADINGS, *("| " + " | ".join(row) + " |" for row in plain), "",
        f"## {share:,} records, each with VEP's annotation", "", *HEADINGS,
        *("| " + " | ".join(row) + " |" for row in annotated),
        "", *NOTES,
    ]  # fmt: skip
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
