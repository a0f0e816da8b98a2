"""The example case is what its script makes, and its scan holds the nodule that the truth file says."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from evals.example.make import CYP2C19_SITES, germline_vcf, truth_yaml, tumour_vcf
from evals.example.phantom import SPACING_MM, Nodule, make_ct
from knowledge.yamlfile import load_yaml

FOLDER = Path(__file__).resolve().parents[3] / "evals" / "example" / "lung-nodule"


@pytest.fixture(scope="module")
def stored() -> nibabel.Nifti1Image:
    return nibabel.load(FOLDER / "imaging" / "ct.nii.gz")


def test_the_stored_files_are_what_the_script_writes(stored: nibabel.Nifti1Image) -> None:
    assert (FOLDER / "tumour.vcf").read_text() == tumour_vcf()
    assert (FOLDER / "germline.vcf").read_text() == germline_vcf()
    assert FOLDER.with_name("lung-nodule.truth.yaml").read_text() == truth_yaml(Nodule())
    source = FOLDER.parent / "texts"
    for path in source.rglob("*.*"):
        assert (FOLDER / path.relative_to(source)).read_bytes() == path.read_bytes()
    volume, affine = make_ct(Nodule())
    # Processors differ in the last place of a float, which puts a few voxels on the other side of an edge.
    assert np.count_nonzero(np.asarray(stored.dataobj) != volume) < volume.size / 100_000
    assert np.allclose(stored.affine, affine)


def test_the_nodule_has_its_true_size_and_place(stored: nibabel.Nifti1Image) -> None:
    truth = load_yaml(FOLDER.with_name("lung-nodule.truth.yaml"))["nodule"]
    hu = np.asarray(stored.dataobj).astype(float)
    i, j, k = (round(c) for c in truth["centre_voxel"])
    around = hu[i - 6 : i + 7, j - 6 : j + 7, k - 6 : k + 7]
    filling = np.clip((around + 845) / (35 + 845), 0, 1)  # partial volume between lung and nodule
    measured = filling[filling > 0.1].sum() * SPACING_MM**3
    assert measured == pytest.approx(truth["volume_mm3"], rel=0.06)
    assert truth["volume_mm3"] == pytest.approx(np.pi / 6 * 14 * 12 * 12, abs=0.1)
    x_ras, _, _ = stored.affine[:3, :3] @ truth["centre_voxel"] + stored.affine[:3, 3]
    assert x_ras > 0  # in RAS millimetres the right side is positive
    assert nibabel.aff2axcodes(stored.affine) == ("L", "P", "S")


@pytest.mark.shared_data
def test_variant_sites_agree_with_the_reference_tables(shared_data: Path) -> None:
    import gzip
    import json

    alleles = json.loads((shared_data / "genomics/pgx_cpic/alleles/CYP2C19_translation.json").read_text())
    listed = [f"{v['position']} {v['rsid']} {v['ref']} {v['alts'][0]}" for v in alleles["variants"]]
    assert listed == CYP2C19_SITES.splitlines()
    star_2 = next(a for a in alleles["namedAlleles"] if a["name"] == "*2")
    rsids = {v["rsid"] for v, a in zip(alleles["variants"], star_2["alleles"], strict=True) if a and a in "ACGT"}
    assert rsids == {"rs12769205", "rs4244285", "rs3758581"}
    wanted = {"16609": "NP_005219.2:p.Leu858Arg", "12366": "NP_000537.3:p.Arg273His"}
    with gzip.open(shared_data / "genomics/clinvar/clinvar_2016-05_b37.tsv.gz", "rt") as stream:
        found = {row[5]: row[10] for line in stream if (row := line.split("\t"))[5] in wanted}
    assert found == wanted
