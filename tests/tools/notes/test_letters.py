"""Letters, reports and tables as they are sent: what stands in them in other wordings than any scripted case has."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pytest

from tools.intake.texts import date_of
from tools.notes.extract import extract
from tools.notes.tool import choose

DATE = dt.date(2026, 10, 20)
Language = Literal["en", "zh"]


def read(text: str, name: str, language: Language = "en") -> set[object]:
    """The values of one fact; quantities with their unit."""
    found = [f.fact for f in choose(extract(text, language, DATE), "latest") if f.fact.name == name]
    return {f"{f.value:g} {f.unit}" if isinstance(f.value, int | float) and f.unit else f.value for f in found}


TABLE = """\
Date          3 Oct    9 Oct    16 Oct   units
Bilirubin     41       55       72       umol/L
Albumin       29       27       24       g/L
Ferritin      -        812      -        ug/L
Creatinine    88       101      126      umol/L
"""
WITH_REFERENCE = """\
Test       Jan 2026   Mar 2026   Unit     Ref
Hb         121        98         g/L      130-170
Potassium  4.4        5.6        mmol/L   3.5-5.0
"""
CHINESE = """\
项目      10月3日   10月9日   单位      参考范围
血红蛋白   104       82        g/L       130-175
肌酐       88        126       μmol/L    57-97
"""


@pytest.mark.parametrize(
    ("text", "language", "name", "value"),
    [
        (TABLE, "en", "lab.bilirubin", "72 umol/L"),
        (TABLE, "en", "lab.albumin", "24 g/L"),
        (TABLE, "en", "lab.ferritin", "812 ug/L"),
        (TABLE, "en", "lab.creatinine", "126 umol/L"),
        (WITH_REFERENCE, "en", "lab.haemoglobin", "98 g/L"),
        (WITH_REFERENCE, "en", "lab.potassium", "5.6 mmol/L"),
        (CHINESE, "zh", "lab.haemoglobin", "82 g/L"),
        (CHINESE, "zh", "lab.creatinine", "126 umol/L"),
    ],
)
def test_a_table_with_a_column_of_units_gives_its_last_values(
    text: str, language: Language, name: str, value: str
) -> None:
    assert read(text, name, language) == {value}


OLD_LETTER = """\
Date: 2026-10-19

Dear colleague, this retired teacher has adenocarcinoma of the sigmoid. Creatinine 71 umol/L. Takes amlodipine.

---- earlier letter ----
3 June 2012
She was seen with a right DVT. On warfarin. Creatinine 140 umol/L.
Urticaria to penicillin. Allergies: penicillin - hives.
"""


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("medication.warfarin", set()),
        ("medication.amlodipine", {True}),
        ("condition.deep_vein_thrombosis", set()),
        ("condition.vte_history", {True}),
        ("lab.creatinine", {"71 umol/L"}),
        ("allergy.penicillins", {True}),
        ("symptom.urticaria", set()),
    ],
)
def test_a_letter_of_years_ago_beneath_the_new_one_is_history(name: str, values: set[object]) -> None:
    assert read(OLD_LETTER, name) == values


TWO_REPORTS = (
    "【2018-05-02 外院病理】右乳浸润性癌，ER（90%），HER2（2+）。\n"
    "【2026-09-30 本院病理】锁骨上淋巴结活检：转移癌，ER（0%），HER2（3+）。"
)


def test_of_two_pathology_reports_the_newer_one_counts() -> None:
    assert read(TWO_REPORTS, "biomarker.HER2.ihc", "zh") == {"3+"}
    assert read(TWO_REPORTS, "biomarker.ER.positive", "zh") == {False}
    assert date_of("病理.txt", TWO_REPORTS) == dt.date(2026, 9, 30)


def test_one_line_of_a_history_does_not_begin_an_old_letter() -> None:
    text = "12 March 2019: lumpectomy for breast cancer.\nNow on letrozole. Creatinine 70 umol/L."
    assert read(text, "lab.creatinine") == {"70 umol/L"}


CASES: tuple[tuple[Language, str, str, set[object]], ...] = (
    ("en", "Gentleman of 58 with cough.", "patient.age", {"58 a"}),
    ("en", "Seen today: a lady, 41, G3P2, well.", "patient.age", {"41 a"}),
    ("en", "Hypertension for 12 yrs, no diabetes.", "patient.age", set()),
    ("en", "Asthma 20 yrs ago.", "patient.age", set()),
    ("zh", "姑姑肺癌（68岁）。女，52岁。", "patient.age", {"52 a"}),
    ("zh", "右大腿肿块6个月。", "patient.age", set()),
    ("en", "She has had raised blood pressure since 2019.", "condition.hypertension", {True}),
    ("zh", "血压高8年，未服药。", "condition.hypertension", {True}),
    ("en", "Missed two periods, UPT positive at home.", "patient.pregnant", {True}),
    ("en", "HPT this morning showed two lines.", "patient.pregnant", {True}),
    ("en", "Pregnancy test negative on Monday.", "patient.pregnant", {False}),
    ("en", "Seminoma; beta-hCG positive at 320.", "patient.pregnant", set()),
    ("zh", "停经50天，早孕试纸两条线。", "patient.pregnant", {True}),
    ("zh", "尿妊娠试验（+）。", "patient.pregnant", {True}),
    ("en", "Diagnosis: adenocarcinoma sigmoid, pT3 N1.", "tumour.type", {"colon_cancer"}),
    ("en", "Gastroscopy: ulcer of the antrum. Biopsies: adenocarcinoma.", "tumour.type", {"gastric_cancer"}),
    ("en", "Mid oesophageal stricture. Histology: squamous cell carcinoma.", "tumour.type", {"esophageal_squamous"}),
    ("en", "Sigmoid clear. Liver biopsy: adenocarcinoma of unknown primary.", "tumour.type", set()),
    ("zh", "胃镜：胃窦肿物。活检病理：低分化腺癌。", "tumour.type", {"gastric_cancer"}),
    ("en", "Hemithyroidectomy: 15 mm papillary carcinoma.", "tumour.type", {"papillary_thyroid_cancer"}),
    ("en", "Lung adenocarcinoma on osimertinib; now small cell carcinoma.", "tumour.type", {"lung_adenocarcinoma"}),
    ("en", "Lung adenocarcinoma on osimertinib; now small cell carcinoma.", "tumour.small_cell_transformation", {True}),
    ("en", "NSCLC with ALK fusion, now transformed to SCLC.", "tumour.small_cell_transformation", {True}),
    ("en", "EGFR-mutant NSCLC. No small cell transformation.", "tumour.small_cell_transformation", {False}),
    ("en", "Extensive-stage small cell lung cancer, no EGFR mutation.", "tumour.small_cell_transformation", set()),
    ("en", "NSCLC. EGFR exon 19 deletion retained at progression.", "biomarker.EGFR.exon19_deletion", {True}),
    ("en", "Ovarian cancer. Germline BRCA2 VUS. Told she is BRCA2 positive.", "germline.BRCA2", set()),
    ("en", "Ovarian cancer. Germline BRCA2 VUS. Told she is BRCA2 positive.", "germline.uncertain_variant", {True}),
    ("en", "Breast cancer. Germline: ATM VUS; BRCA1 pathogenic variant.", "germline.BRCA1", {True}),
    ("zh", "卵巢癌。胚系检测：BRCA1 意义未明变异。", "germline.uncertain_variant", {True}),
    ("en", "DLBCL. PET: avid liver lesions, L2 vertebra. BM involved.", "tumour.extranodal_sites", {3}),
    ("en", "DLBCL, one extranodal site (stomach).", "tumour.extranodal_sites", {1}),
    ("en", "Follicular lymphoma, bone marrow not involved.", "tumour.extranodal_sites", set()),
    ("zh", "弥漫大B细胞淋巴瘤，肺及肾上腺高代谢，骨髓未见累及。", "tumour.extranodal_sites", {2}),
    ("en", "Lymphoma. LDH 410 U/L (normal 135-225).", "lab.ldh_elevated", {True}),
    ("zh", "淋巴瘤，乳酸脱氢酶 180 U/L（参考值120-250）。", "lab.ldh_elevated", {False}),
    ("en", "PE in May. aCL IgG positive, again positive at 13 weeks.", "condition.antiphospholipid_syndrome", {True}),
    ("en", "DVT. Lupus anticoagulant positive once, repeat awaited.", "condition.antiphospholipid_syndrome", set()),
    ("en", "DVT. Lupus anticoagulant negative.", "condition.connective_tissue_disease", set()),
    ("en", "Factor V Leiden, PT gene neg.", "condition.factor_v_leiden", {False}),
    ("zh", "肺栓塞。狼疮抗凝物阳性，12周后复查仍阳性。", "condition.antiphospholipid_syndrome", {True}),
    ("en", "Lump of the calf, intramuscular, 8 cm.", "finding.soft_tissue_lump_suspicious", {True}),
    ("en", "R buttock lump doubled in size over 3 months.", "finding.soft_tissue_lump_suspicious", {True}),
    ("en", "Small soft subcutaneous lump on the back, 2 cm, unchanged.", "finding.soft_tissue_lump_suspicious", set()),
    ("en", "No lump in the thigh.", "finding.soft_tissue_lump", set()),
    ("en", "Breast lump 6 cm, growing.", "finding.soft_tissue_lump", set()),
    ("zh", "左大腿深部肿块，逐渐增大，8 cm。", "finding.soft_tissue_lump_suspicious", {True}),
    ("zh", "今晨胡言乱语，家属代诉。", "symptom.confusion", {True}),
    ("zh", "意识模糊1天。", "symptom.confusion", {True}),
    ("zh", "抗-HBc（+），HBsAg（-），HBV DNA未检出。", "condition.hepatitis_b_core_positive", {True}),
    ("zh", "抗-HBc（+），HBsAg（-），HBV DNA未检出。", "condition.hepatitis_b", set()),
    ("zh", "HBsAg阳性。", "condition.hepatitis_b", {True}),
    ("en", "Hepatitis B core antibody reactive, surface antigen neg.", "condition.hepatitis_b", set()),
    ("en", "Chronic hepatitis B on entecavir, HBV DNA undetectable.", "condition.hepatitis_b", {True}),
    ("zh", "MRSA从未培养出。", "condition.mrsa", {False}),
    ("zh", "过敏史：头孢克洛皮疹。青霉素未用过。", "allergy.penicillins", set()),
    ("en", "Allergies: penicillin - rash. Cephalosporins never tried.", "allergy.cephalosporins", set()),
    ("zh", "DWI示左侧基底节急性梗死灶。", "condition.ischaemic_stroke_acute", {True}),
    ("zh", "急性前壁心肌梗死。", "condition.ischaemic_stroke_acute", set()),
    ("zh", "住院医师：肺炎好转。", "condition.hospitalised", set()),
    ("zh", "右上肺混杂磨玻璃结节9 mm，实性成分4 mm。", "nodule.solid_component", {"4 mm"}),
    ("zh", "右上肺混杂磨玻璃结节9 mm。余肺未见结节。", "nodule.count", {1}),
    ("en", "Two nodules, 5 and 7 mm, in the right upper lobe. Rest of the lungs clear.", "nodule.count", set()),
    ("zh", "乳腺癌，激素受体阳性、HER2阴性。", "biomarker.hormone_receptor_positive", {True}),
    ("zh", "乳腺癌肝转移。住院医师：原发灶HER2阴性，拟来曲唑。", "biomarker.HER2.positive", set()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "name", "values"), CASES, ids=[f"{c[2]}-{n}" for n, c in enumerate(CASES)]
)
def test_a_sentence_of_a_letter_says_what_a_physician_reads(
    language: Language, text: str, name: str, values: set[object]
) -> None:
    assert read(text, name, language) == values


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        (
            "Name: A. B.   NHS no. 943 476 5919   Tel 07700 900461\nType 2 diabetes.",
            "condition.diabetes_type_2",
            {True},
        ),
        ("Hospital no 77-31. Gout.", "condition.gout", {True}),
        ("Diabetes: no. 12 years of hypertension.", "condition.diabetes", {False}),
        ("Mr K, 71. Wife main carer, she has dementia.", "condition.dementia", set()),
        ("Mrs B, 64. Her husband had a stroke; he is on warfarin.", "medication.warfarin", set()),
        ("62F. Apixaban discussed - wants to think about it; not started.", "medication.apixaban", set()),
        ("62F. The GP suggested paroxetine for flushes.", "medication.paroxetine", set()),
        ("On apixaban, discussed with family.", "medication.apixaban", {True}),
        ("BNP 640", "lab.bnp", {"640 pg/mL"}),
        ("LVEF 50-55%.", "lab.lvef", {"52.5 %"}),
        ("Breast IDC 14 mm, 0/3 SLN.", "tumour.positive_nodes", {0}),
        ("Met panc ca (liver).", "tumour.type", {"pancreatic_cancer"}),
        ("Mother died of ovarian ca at 59.", "family_history.ovarian_cancer", {True}),
    ],
)
def test_heads_of_letters_other_people_and_short_forms(text: str, name: str, values: set[object]) -> None:
    assert read(text, name) == values


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("左乳肿块3cm，穿刺：浸润性导管癌Ⅱ级。", "tumour.type", {"breast_cancer"}),
        ("左乳肿块3cm，穿刺：浸润性导管癌Ⅱ级。", "tumour.grade", {2}),
        ("青霉素皮试阳性。", "allergy.penicillins", {True}),
        ("青霉素皮试阴性。", "allergy.penicillins", set()),
    ],
)
def test_short_forms_of_chinese_records(text: str, name: str, values: set[object]) -> None:
    assert read(text, name, "zh") == values
