"""Metastatic renal-cell carcinoma: the criteria of the International Metastatic RCC Database Consortium (IMDC)."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Rule, Term, Values, yes_no
from tools.risk.ops import Number, Ops

# The consortium counts what lies outside of the normal range of each laboratory. Here: haemoglobin after WHO
# (WHO/NMH/NHD/MNM/11.1), the others after the reference ranges of the American Board of Internal Medicine.
_HAEMOGLOBIN_MALE_G_DL, _HAEMOGLOBIN_FEMALE_G_DL = 13.0, 12.0
_CALCIUM_MG_DL = 10.2
_NEUTROPHILS_10_9_L = 8.25
_PLATELETS_10_9_L = 450.0
_NORMAL = "not measured, so taken as normal"
_GROUPS = ("favourable", "intermediate", "poor")


def _anaemic(x: Values, m: Ops) -> Number:
    return m.flag(x.haemoglobin < m.where(x.sex == 1, _HAEMOGLOBIN_MALE_G_DL, _HAEMOGLOBIN_FEMALE_G_DL))


_FACTORS = (
    Term("Karnofsky below 80", "+1", ("karnofsky",), lambda x, m: m.flag(x.karnofsky < 80)),
    Term("Systemic therapy within a year of the diagnosis", "+1", ("early",), lambda x, _: x.early),
    Term("Haemoglobin below normal (13 g/dL in men, 12 in women)", "+1", ("haemoglobin",), _anaemic),
    Term("Corrected calcium above 10.2 mg/dL", "+1", ("calcium",), lambda x, m: m.flag(x.calcium > _CALCIUM_MG_DL)),
    Term("Neutrophils above 8.25", "+1", ("neutrophils",), lambda x, m: m.flag(x.neutrophils > _NEUTROPHILS_10_9_L)),
    Term("Platelets above 450", "+1", ("platelets",), lambda x, m: m.flag(x.platelets > _PLATELETS_10_9_L)),
)


def _imdc(x: Values, m: Ops) -> Mapping[str, Number]:
    score: Number = 0.0
    for factor in _FACTORS:
        assert factor.value is not None
        score = score + factor.value(x, m)
    return {"score": score, "group": m.flag(score >= 1) + m.flag(score >= 3)}


MODELS = (
    RiskModel(
        name="imdc",
        title="IMDC criteria",
        field="cancer",
        purpose="Prognosis of metastatic renal-cell carcinoma at the start of systemic therapy.",
        population="Adults with metastatic renal-cell carcinoma before systemic therapy",
        inputs=(
            SEX,
            Input("patient.karnofsky", key="karnofsky", unit="%", low=0, high=100, reference=100),
            yes_no("tumour.treated_within_1_year", "early", needed=True),
            Input("lab.haemoglobin", key="haemoglobin", unit="g/dL", low=2, high=25, reference=14),
            Input("lab.calcium_corrected", key="calcium", unit="mg/dL", low=4, high=25, reference=9.4),
            Input("lab.neutrophils", key="neutrophils", low=0, high=100, reference=4, assume=4.0, assume_why=_NORMAL),
            Input("lab.platelets", key="platelets", low=1, high=2000, reference=250, assume=250.0, assume_why=_NORMAL),
        ),
        outputs=(
            Output(
                "score",
                "IMDC score",
                "score",
                digits=0,
                bands=(
                    Band(0, "favourable", "0: 75 % alive at 2 years"),
                    Band(1, "intermediate", "1-2: 53 % alive at 2 years, median 27 months"),
                    Band(3, "poor", "3-6: 7 % alive at 2 years, median 8.8 months"),
                ),
            ),
            Output("group", "IMDC risk group", "category", fact="tumour.imdc_risk", labels=_GROUPS),
        ),
        formula=_imdc,
        terms=_FACTORS,
        source="Heng DYC et al. J Clin Oncol 2009;27:5794-5799",
        doi="10.1200/JCO.2008.21.4809",
        limits="The source counts what is outside of the normal range of each laboratory; common adult limits are used "
        "here. Survival is that of VEGF-targeted therapy.",
        rules=(Rule("tumour.metastatic", True, "it is for metastatic disease"),),
        relevant=("condition.renal_cancer",),
        aliases=("heng", "imdc score", "heng score"),
    ),
)
