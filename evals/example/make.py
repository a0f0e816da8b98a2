"""Make the example case: `python -m evals.example.make [FOLDER]`.

Writes a synthetic case folder (case.yaml, notes, a chest-CT phantom with a nodule of known size, two small VCF
files on GRCh38) and, beside it, `lung-nodule.truth.yaml` with the nodule's true size. The same bytes each time.

Variant sites: EGFR p.Leu858Arg and TP53 p.Arg273His are in ClinVar (alleles 16609 and 12366; GRCh37
7:55259515 T>G and 17:7577120 C>T); the benign ones are MTHFR 3520, BRCA1 41812 and BRCA2 9329. CYP2C19 sites are
those of the CPIC allele definition table, GRCh38; *2 is rs12769205 G and rs4244285 A, with rs3758581 G.
"""

from __future__ import annotations

import gzip
import io
import shutil
import sys
from pathlib import Path

from evals.example.phantom import Nodule, make_ct

HERE = Path(__file__).parent
FOLDER = HERE / "lung-nodule"

# Lengths of the GRCh38 primary assembly sequences that the files name.
CONTIGS = {
    "chr1": 248956422,
    "chr7": 159345973,
    "chr10": 133797422,
    "chr13": 114364328,
    "chr17": 83257441,
}
_HEADER = """\
##fileformat=VCFv4.2
##fileDate=20261009
##source=SYNTHETIC example, no real patient
##reference=GRCh38
{contigs}
##FILTER=<ID=PASS,Description="All filters passed">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Read depth of each allele">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="Fraction of reads with each alternate allele">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}
"""

# chromosome, position (1-based), id, ref, alt, depth, alternate reads
TUMOUR = [
    ("chr7", 55191822, "rs121434568", "T", "G", 612, 190),  # EGFR p.Leu858Arg
    ("chr17", 7673802, "rs28934576", "C", "T", 488, 161),  # TP53 p.Arg273His
]
# chromosome, position, id, ref, alt, genotype, depth
GERMLINE = [
    ("chr1", 11796321, "rs1801133", "G", "A", "0/1", 44),  # MTHFR p.Ala222Val
    ("chr13", 32332592, "rs144848", "A", "C", "0/1", 51),  # BRCA2 p.Asn372His, benign
    ("chr17", 43092919, "rs799917", "G", "A", "0/1", 47),  # BRCA1 p.Pro871Leu, benign
]
# CYP2C19: every position of the CPIC definition (position, rsID, ref, alt); all reference but the three of *2/*2.
CYP2C19_SITES = """\
94761900 rs12248560 C T
94762706 rs28399504 A G
94762712 rs367543002 C T
94762715 rs367543003 T C
94762755 rs55752064 T C
94762760 rs17882687 A C
94762788 rs1564656981 A T
94762856 rs1564657013 A G
94775106 rs145328984 C T
94775121 rs1564660997 C T
94775160 rs118203756 G C
94775185 rs1288601658 A G
94775367 rs12769205 A G
94775416 rs41291556 T C
94775423 rs17885179 A C
94775453 rs72552267 G A
94775489 rs17884712 G A
94775507 rs58973490 G A
94780574 rs140278421 G C
94780579 rs370803989 G A
94780653 rs4986893 G A
94781858 rs6413438 C T
94781859 rs4244285 G A
94781944 rs375781227 G A
94781999 rs72558186 T A
94842861 rs138142612 G A
94842866 rs3758581 A G
94842879 rs118203757 G A
94842995 rs113934938 G A
94849995 rs17879685 C T
94852738 rs56337013 C T
94852765 rs192154563 C T
94852785 rs118203759 C G
94852914 rs55640102 A C
"""
STAR_2 = {"rs12769205", "rs4244285", "rs3758581"}


def tumour_vcf() -> str:
    """The tumour's variants as VCF text."""
    rows = [
        f"{c}\t{p}\t{i}\t{r}\t{a}\t.\tPASS\t.\tGT:DP:AD:AF\t0/1:{dp}:{dp - n},{n}:{n / dp:.3f}"
        for c, p, i, r, a, dp, n in TUMOUR
    ]
    return _header("TUMOUR") + "\n".join(rows) + "\n"


def germline_vcf() -> str:
    """The germline panel as VCF text, with the reference calls of CYP2C19 written out."""
    rows = [(c, p, f"{c}\t{p}\t{i}\t{r}\t{a}\t.\tPASS\t.\tGT:DP\t{gt}:{dp}") for c, p, i, r, a, gt, dp in GERMLINE]
    for number, line in enumerate(CYP2C19_SITES.splitlines()):
        position, rsid, ref, alt = line.split()
        called = rsid in STAR_2
        shown, genotype = (alt, "1/1") if called else (".", "0/0")
        depth = 38 + number % 11
        rows.append(
            (
                "chr10",
                int(position),
                f"chr10\t{position}\t{rsid}\t{ref}\t{shown}\t.\tPASS\t.\tGT:DP\t{genotype}:{depth}",
            )
        )
    order = list(CONTIGS)
    rows.sort(key=lambda row: (order.index(row[0]), row[1]))
    return _header("GERMLINE") + "\n".join(row[2] for row in rows) + "\n"


def _header(sample: str) -> str:
    contigs = "\n".join(f"##contig=<ID={name},length={length},assembly=GRCh38>" for name, length in CONTIGS.items())
    return _HEADER.format(contigs=contigs, sample=sample)


def write_ct(path: Path, nodule: Nodule) -> None:
    """Write the phantom as NIfTI, compressed without a time stamp so that the bytes repeat."""
    import nibabel

    volume, affine = make_ct(nodule)
    image = nibabel.Nifti1Image(volume, affine)
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = b"SYNTHETIC phantom"
    plain = io.BytesIO()
    image.to_stream(plain)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
        packed.write(plain.getvalue())


def truth_yaml(nodule: Nodule) -> str:
    """What the phantom really holds; kept outside the case folder."""
    a, b, c = nodule.diameters_mm
    x, y, z = nodule.centre_mm
    i, j, k = nodule.centre_voxel
    return (
        "# True size of the nodule in lung-nodule/imaging/ct.nii.gz (SYNTHETIC phantom).\n"
        "nodule:\n"
        f"  diameters_mm: [{a:g}, {b:g}, {c:g}]\n"
        f"  longest_diameter_axial_mm: {a:g}\n"
        f"  short_axis_axial_mm: {b:g}\n"
        f"  volume_mm3: {nodule.volume_mm3:.1f}\n"
        f"  centre_lps_mm: [{x:g}, {y:g}, {z:g}]\n"
        f"  centre_voxel: [{i:.2f}, {j:.2f}, {k:.2f}]\n"
        "  side: right\n"
        "  lobe: upper\n"
        "  density: solid\n"
    )


def make(folder: Path = FOLDER) -> None:
    """Write the whole case into `folder`, and the truth beside it."""
    nodule = Nodule()
    (folder / "notes").mkdir(parents=True, exist_ok=True)
    (folder / "imaging").mkdir(exist_ok=True)
    shutil.copyfile(HERE / "texts" / "case.yaml", folder / "case.yaml")
    for note in sorted((HERE / "texts" / "notes").glob("*.md")):
        shutil.copyfile(note, folder / "notes" / note.name)
    (folder / "tumour.vcf").write_text(tumour_vcf(), encoding="utf-8")
    (folder / "germline.vcf").write_text(germline_vcf(), encoding="utf-8")
    write_ct(folder / "imaging" / "ct.nii.gz", nodule)
    folder.with_name(folder.name + ".truth.yaml").write_text(truth_yaml(nodule), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
