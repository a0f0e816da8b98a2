"""Category of chronic kidney disease by eGFR and albuminuria, with the risk that KDIGO's heat map gives it."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import Input, Output, RiskModel, Rule, Values
from tools.risk.ops import Number, Ops
from tools.risk.points import step_points

_G = ("G5", "G4", "G3b", "G3a", "G2", "G1")
_A = ("A1", "A2", "A3")
_RISK = ("low risk", "moderately increased risk", "high risk", "very high risk")
# KDIGO 2024, Figure 3: rows of eGFR from G5 to G1, columns of albuminuria from A1 to A3.
_MAP = ((3, 3, 3), (3, 3, 3), (2, 3, 3), (1, 2, 3), (0, 1, 2), (0, 1, 2))
LABELS = tuple(f"{g}{a}, {_RISK[_MAP[i][j]]}" for i, g in enumerate(_G) for j, a in enumerate(_A))
_FILTRATION = ((-1e9, 0), (15, 1), (30, 2), (45, 3), (60, 4), (90, 5))


def _category(x: Values, m: Ops) -> Mapping[str, Number]:
    albumin = m.flag(x.albumin >= 30) + m.flag(x.albumin > 300)
    return {"category": 3 * step_points(x.egfr, _FILTRATION, m) + albumin}


MODELS = (
    RiskModel(
        name="kdigo_category",
        title="KDIGO 2024 category by eGFR and albuminuria",
        field="kidney",
        purpose="Stage of kidney disease, and the risk of its progress and of cardiovascular events.",
        population="Adults; the category is that of chronic kidney disease where it lasts for three months or more",
        inputs=(
            Input("lab.egfr", low=1, high=250, reference=100),
            Input("lab.urine_albumin_creatinine_ratio", "albumin", low=0, high=30000, reference=5),
        ),
        outputs=(Output("category", "KDIGO category", "category", labels=LABELS, told=True),),
        formula=_category,
        source="Kidney Disease: Improving Global Outcomes. Kidney Int 2024;105(4S):S117-S314, Figure 3",
        doi="10.1016/j.kint.2023.10.018",
        limits="Low risk without other signs of kidney damage is no chronic kidney disease.",
        rules=(Rule("patient.pregnant", holds=False, why="it is not valid in pregnancy", silent=True),),
        relevant=("lab.urine_albumin_creatinine_ratio",),
    ),
)
