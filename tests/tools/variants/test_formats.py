"""BCF, compressed and multi-sample files give what the plain file gives."""

from __future__ import annotations

import gzip
from pathlib import Path

import pysam
import pytest
from variant_helpers import context, header, row

from tools.registry import call_tool

ROWS = [row("7", 55181378, "C", "T"), row("7", 55191822, "T", "G", "1|0"), row("7", 140753336, "A", "T", "0/0")]
FORMATS = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'


def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.vcf"
    path.write_text(header(extra=FORMATS) + "".join(ROWS))
    return path


def as_gzip(path: Path) -> Path:
    made = path.with_suffix(".vcf.gz")
    made.write_bytes(gzip.compress(path.read_bytes()))
    return made


def as_bgzip(path: Path) -> Path:
    made = path.with_suffix(".bgz.vcf.gz")
    pysam.tabix_compress(str(path), str(made), force=True)
    return made


def as_bcf(path: Path) -> Path:
    made = path.with_suffix(".bcf")
    with pysam.VariantFile(str(path)) as source, pysam.VariantFile(str(made), "wb", header=source.header) as target:
        for record in source:
            target.write(record)
    return made


@pytest.mark.parametrize("convert", [as_gzip, as_bgzip, as_bcf, lambda path: path])
def test_every_format_gives_the_same_variants_and_lines(tmp_path, convert):
    path = convert(plain(tmp_path))
    payload = call_tool("annotate_variants", {"tumour_type": "nsclc"}, context(path)).payload
    first = len(header(extra=FORMATS).splitlines()) + 1
    lines = {found.name: found.allele.line for found in payload.variants}
    assert set(lines) == {"EGFR L858R", "EGFR T790M"}
    if convert is not as_bcf:
        assert lines == {"EGFR T790M": first, "EGFR L858R": first + 1}


def test_a_named_sample_of_several_is_read(tmp_path):
    path = tmp_path / "two.vcf"
    body = "".join(line.strip() + ("\t0/1\n" if "140753336" in line else "\t0/0\n") for line in ROWS)
    path.write_text(header(samples="S1\tS2") + body)
    base = context(path)
    second = base.case.model_copy(
        update={"attachments": (base.case.attachments[0].model_copy(update={"sample": "S2"}),)}
    )
    payload = call_tool("annotate_variants", {}, type(base)(second, base.artifacts)).payload
    assert [found.name for found in payload.variants] == ["BRAF V600E"]
    assert payload.files[0].sample == "S2"


def test_a_file_without_samples_lists_what_is_present_and_says_so(tmp_path):
    path = tmp_path / "sites.vcf"
    cells = ["\t".join(line.split("\t")[:8]) + "\n" for line in ROWS]
    path.write_text(header(samples="") + "".join(cells))
    result = call_tool("annotate_variants", {}, context(path))
    assert len(result.payload.variants) == 3
    assert any("no sample column" in text for text in result.warnings)


def test_the_same_file_gives_the_same_evidence_ids(tmp_path):
    path = plain(tmp_path)
    one, two = (call_tool("annotate_variants", {}, context(path)).evidence for _ in range(2))
    assert [item.id for item in one] == [item.id for item in two]


def test_each_piece_of_evidence_has_a_place_to_look_it_up(tmp_path):
    for item in call_tool("annotate_variants", {"tumour_type": "nsclc"}, context(plain(tmp_path))).evidence:
        if item.kind == "variant":
            assert (item.locator.type, item.locator.assembly) == ("vcf", "GRCh38")
        else:
            assert item.locator.url.startswith("https://civicdb.org/")
            assert item.locator.release == "2021-02"
