"""Familial hypercholesterolaemia: Dutch Lipid Clinic Network score and Simon Broome criteria."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Rule, Values, yes_no
from tools.risk.ops import Number, Ops
from tools.risk.points import step_points

_LDL_POINTS = ((-1e9, 0), (4.0, 1), (5.0, 3), (6.5, 5), (8.5, 8))
_ROUNDING = 1e-6  # of a value that was converted from mg/dL
_AGE = Input("patient.age", low=18, high=110)
_LDL = Input("lab.ldl_cholesterol", unit="mmol/L", low=0.3, high=40, reference=3)
_XANTHOMA = yes_no("finding.tendon_xanthoma", "xanthoma")
_GENE = yes_no("germline.fh_gene", "gene")
_UNTREATED = (Rule("medication.class_statin", False, "it takes the LDL cholesterol before treatment", silent=True),)
_RELEVANT = (
    "finding.tendon_xanthoma",
    "finding.corneal_arcus_before_45",
    "condition.familial_hypercholesterolaemia",
    "family_history.familial_hypercholesterolaemia",
    "germline.fh_gene",
)
_FROM_LDL = (("lab.ldl_cholesterol", 190.0),)  # mg/dL: ESC/EAS 2019 looks for the disease from 4.9 mmol/L on


def _dutch(x: Values, m: Ops) -> Mapping[str, Number]:
    relatives = m.maximum(
        2 * m.flag(x.family_signs > 0), 1 * m.flag(x.family_early + x.family_ldl + x.family_disease > 0)
    )
    early = m.flag(x.age < m.where(x.sex == 1, 55.0, 60.0))
    history = early * m.maximum(2 * x.coronary, 1 * m.flag(x.vascular > 0))
    signs = m.maximum(6 * x.xanthoma, 4 * x.arcus)
    return {
        "score": relatives + history + signs + step_points(x.ldl_cholesterol + _ROUNDING, _LDL_POINTS, m) + 8 * x.gene
    }


def _simon(x: Values, m: Ops) -> Mapping[str, Number]:
    high = m.flag(x.ldl_cholesterol > 4.9 + _ROUNDING)
    certain = m.flag(high * x.xanthoma + x.gene > 0)
    possible = m.flag(high * m.flag(x.family_early + x.family_ldl + x.family_disease > 0) > 0)
    return {"class": m.where(certain > 0, 2.0, possible)}


_FAMILY = (
    yes_no("family_history.premature_ascvd", "family_early"),
    yes_no("family_history.ldl_above_95th_percentile", "family_ldl"),
    yes_no("family_history.familial_hypercholesterolaemia", "family_disease"),
)
MODELS = (
    RiskModel(
        name="dutch_lipid",
        title="Dutch Lipid Clinic Network criteria",
        field="cardiovascular",
        purpose="How likely familial hypercholesterolaemia is.",
        population="Adults with high LDL cholesterol, before treatment",
        inputs=(
            _AGE, SEX, _LDL, _XANTHOMA, _GENE, *_FAMILY,
            yes_no("family_history.tendon_xanthoma_or_arcus", "family_signs"),
            yes_no("finding.corneal_arcus_before_45", "arcus"),
            yes_no("condition.coronary_artery_disease", "coronary"),
            yes_no("condition.peripheral_artery_disease", "vascular", also=("condition.stroke_or_tia",)),
        ),
        outputs=(
            Output("score", "Dutch Lipid Clinic Network score", "score", fact="risk_score.dutch_lipid", digits=0,
                   bands=(
                       Band(-1e9, "familial hypercholesterolaemia unlikely", "below 3"),
                       Band(3, "possible familial hypercholesterolaemia", "3 to 5"),
                       Band(6, "probable familial hypercholesterolaemia", "6 to 8"),
                       Band(9, "definite familial hypercholesterolaemia", "above 8"))),
        ),
        formula=_dutch,
        source="World Health Organization 1999 (WHO/HGN/FH/CONS/99.2); Mach F et al. (ESC/EAS 2019). "
        "Eur Heart J 2020;41:111-188, Table 9",
        doi="10.1093/eurheartj/ehz455",
        limits="The age of a first event is not asked: coronary or vascular disease counts as early where the patient "
        "is still under 55 (men) or 60 (women). Relatives' events count up to 65 in women as notes have them; the "
        "original takes 60.",
        rules=_UNTREATED,
        relevant=_RELEVANT,
        relevant_values=_FROM_LDL,
        aliases=("DLCN", "Dutch Lipid Clinic Network"),
    ),
    RiskModel(
        name="simon_broome",
        title="Simon Broome criteria",
        field="cardiovascular",
        purpose="Whether familial hypercholesterolaemia is definite or possible.",
        population="Adults with high LDL cholesterol, before treatment",
        inputs=(_AGE, _LDL, _XANTHOMA, _GENE, *_FAMILY),
        outputs=(
            Output("class", "Simon Broome class", "category", told=True, labels=(
                "not met", "possible familial hypercholesterolaemia", "definite familial hypercholesterolaemia")),
        ),
        formula=_simon,
        source="Scientific Steering Committee on behalf of the Simon Broome Register Group. BMJ 1991;303:893-896; "
        "NICE CG71, appendix",
        doi="10.1136/bmj.303.6807.893",
        limits="Takes the LDL cholesterol alone, above 4.9 mmol/L; total cholesterol above 7.5 mmol/L would do "
        "as well.",
        rules=_UNTREATED,
        relevant=_RELEVANT,
    ),
)  # fmt: skip
