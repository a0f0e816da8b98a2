"""Parts of letters on germ cell, stromal, plasma cell and p16-positive tumours and masses of the liver."""

from __future__ import annotations

import pytest

from tools.notes.document import read
from tools.notes.rare_tumours import rare_tumour_facts


def facts(text: str) -> dict[str, object]:
    return {s.hit.fact.name: s.hit.fact.value for s in rare_tumour_facts(read(text)) if s.context.time == "current"}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (
            "Orchidectomy: seminoma. Before: AFP 512 ug/L, hCG 7,100. After: AFP 480 ug/L, hCG 6,200 IU/L.",
            "lab.hcg",
            6200,
        ),
        ("Orchidectomy: seminoma. Before: AFP 512 ug/L. After: AFP 480 ug/L.", "lab.afp", 480),
        ("Seminoma. CT: 3.8 cm interaortocaval lymph node.", "tumour.retroperitoneal_nodes", True),
        ("GIST, CD117 +. SDHB - loss of cytoplasmic staining in tumour.", "biomarker.SDH.deficient", True),
        ("胃间质瘤，SDHB表达缺失。", "biomarker.SDH.deficient", True),
        (
            "Left tonsil fuller. FNA of node: squamous cell carcinoma, p16 diffuse strong.",
            "biomarker.p16_positive",
            True,
        ),
        ("Myeloma. kappa/lambda ratio 142.", "lab.flc_ratio", 142),
        ("骨髓瘤，κ/λ = 0.005。", "lab.flc_ratio", 200),
        ("Myeloma: bone marrow plasma cells 32 %, del(17p) in 62 %.", "biomarker.del17p", True),
        ("24-h urine 5-HIAA 412 umol (ref < 50). NET of the ileum.", "condition.carcinoid_syndrome", True),
        ("MRI liver: 71 mm mass, rim arterial enhancement, progressive fill-in.", "finding.liver_targetoid_mass", True),
    ],
)
def test_what_the_letter_gives_as_parts_is_read(text, name, value):
    assert facts(text).get(name) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Cirrhosis, new nodule. AFP 480 ug/L.", "lab.afp"),  # markers of germ cell tumours, not of the liver
        ("GIST, SDHB retained.", "biomarker.SDH.deficient"),
        ("Tonsil: squamous cell carcinoma, p16 negative.", "biomarker.p16_positive"),
        ("Cervix: squamous cell carcinoma, p16 positive.", "biomarker.p16_positive"),
        ("Myeloma: no del(17p).", "biomarker.del17p"),
        ("5-HIAA 40 umol (ref < 50).", "condition.carcinoid_syndrome"),
        ("MRI liver: arterial enhancement and washout, no capsular retraction.", "finding.liver_targetoid_mass"),
    ],
)
def test_what_is_denied_or_of_another_tumour_is_not_read(text, name):
    assert name not in facts(text)
