"""Tumour markers in context: risk of malignancy index of an adnexal mass, PSA under 5-alpha-reductase inhibitors."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import Band, Input, Output, RiskModel, Rule, Term, Values, yes_no
from tools.risk.ops import Number, Ops

_FEATURES = ("multilocular", "solid", "bilateral", "ascites", "metastases")


def _rmi(x: Values, m: Ops) -> Mapping[str, Number]:
    features = x.multilocular + x.solid + x.bilateral + x.ascites + x.metastases
    ultrasound = m.where(features >= 2, 3.0, features)
    return {"index": ultrasound * m.where(x.postmenopausal == 1, 3.0, 1.0) * x.ca125}


def _psa(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"psa": 2 * x.psa}


MODELS = (
    RiskModel(
        name="rmi",
        title="Risk of malignancy index I",
        field="cancer",
        purpose="Who is seen for an adnexal mass by a gynaecological oncology team.",
        population="Women with an adnexal mass on ultrasound",
        inputs=(
            yes_no("finding.adnexal_multilocular", "multilocular"),
            yes_no("finding.adnexal_solid", "solid"),
            yes_no("finding.adnexal_bilateral", "bilateral"),
            yes_no("condition.ascites", "ascites"),
            yes_no("tumour.metastatic", "metastases"),
            yes_no("condition.postmenopausal", "postmenopausal", needed=True),
            Input("lab.ca125", key="ca125", low=0, high=100000, reference=20),
        ),
        outputs=(
            Output(
                "index",
                "RMI I",
                "score",
                fact="risk_score.rmi",
                digits=0,
                bands=(
                    Band(0, "low, below 200"),
                    Band(200, "high, 200 and above", "0.85 sensitive and 0.97 specific at 200 in the source"),
                ),
            ),
        ),
        formula=_rmi,
        terms=(
            Term("Ultrasound: 0 with none, 1 with one, 3 with two to five features", "x 0, 1 or 3", _FEATURES),
            Term("Menopause: 1 before, 3 after", "x 1 or 3", ("postmenopausal",)),
            Term("CA-125 in kU/L", "x CA-125", ("ca125",)),
        ),
        source="Jacobs I et al. Br J Obstet Gynaecol 1990;97:922-929",
        doi="10.1111/j.1471-0528.1990.tb02448.x",
        limits="Features: multilocular, solid areas, bilateral, ascites, metastases. NICE CG122 refers from 250, "
        "the RCOG (Green-top Guideline 34) from 200.",
        rules=(Rule("finding.adnexal_mass", True, "it is for an adnexal mass on ultrasound"),),
        relevant=("finding.adnexal_mass",),
        aliases=("rmi i", "risk of malignancy index"),
    ),
    RiskModel(
        name="psa_5ari",
        title="5-alpha-reductase inhibitor correction",
        field="laboratory",
        purpose="PSA as it would be without finasteride or dutasteride, which halve it.",
        population="Men on finasteride or dutasteride for 6 months or more",
        inputs=(Input("lab.psa", key="psa", low=0, high=20000, reference=2),),
        outputs=(
            Output(
                "psa",
                "PSA doubled, as finasteride and dutasteride lower it by about half,",
                "quantity",
                "ng/mL",
                fact="lab.psa_corrected",
            ),
        ),
        formula=_psa,
        source="US prescribing information of finasteride 5 mg, section 5.1",
        doi="",
        limits="After 6 months of treatment. A rise from the lowest value counts by itself.",
        rules=(Rule("medication.class_5_alpha_reductase_inhibitor", True, "no 5-alpha-reductase inhibitor is taken"),),
        relevant=("medication.class_5_alpha_reductase_inhibitor",),
    ),
)
