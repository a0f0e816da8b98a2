"""APACHE II."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tools.risk.model import Input, Output, RiskModel, Values, yes_no
from tools.risk.ops import Number, Ops, known
from tools.risk.points import MINUS_INFINITY, step_points

_LOW = MINUS_INFINITY
# Knaus 1985, Table 1: points from each lower bound. Bounds lie between the printed ranges.
_TEMPERATURE = ((_LOW, 4), (29.95, 3), (31.95, 2), (33.95, 1), (35.95, 0), (38.45, 1), (38.95, 3), (40.95, 4))
_PRESSURE = ((_LOW, 4), (49.5, 2), (69.5, 0), (109.5, 2), (129.5, 3), (159.5, 4))
_HEART = ((_LOW, 4), (39.5, 3), (54.5, 2), (69.5, 0), (109.5, 2), (139.5, 3), (179.5, 4))
_BREATH = ((_LOW, 4), (5.5, 2), (9.5, 1), (11.5, 0), (24.5, 1), (34.5, 3), (49.5, 4))
_GRADIENT = ((_LOW, 0), (200, 2), (350, 3), (500, 4))
_PAO2 = ((_LOW, 4), (55, 3), (61, 1), (70.5, 0))
_PH = ((_LOW, 4), (7.145, 3), (7.245, 2), (7.325, 0), (7.495, 1), (7.595, 3), (7.695, 4))
_SODIUM = ((_LOW, 4), (110.5, 3), (119.5, 2), (129.5, 0), (149.5, 1), (154.5, 2), (159.5, 3), (179.5, 4))
_POTASSIUM = ((_LOW, 4), (2.45, 2), (2.95, 1), (3.45, 0), (5.45, 1), (5.95, 3), (6.95, 4))
_CREATININE = ((_LOW, 2), (0.595, 0), (1.45, 2), (1.95, 3), (3.45, 4))
_HAEMATOCRIT = ((_LOW, 4), (19.95, 2), (29.95, 0), (45.95, 1), (49.95, 2), (59.95, 4))
_WHITE = ((_LOW, 4), (0.95, 2), (2.95, 0), (14.95, 1), (19.95, 2), (39.95, 4))
_AGE = ((_LOW, 0), (45, 2), (55, 3), (65, 5), (75, 6))


def _oxygen(x: Values, m: Ops) -> Number:
    """With FiO2 of 50 % or more the alveolar-arterial gradient (measured, or at 760 mmHg, quotient 0.8), else PaO2."""
    computed = x.fio2 / 100 * 713 - x.paco2 / 0.8 - x.pao2
    measured = x.alveolar_arterial_gradient
    gradient = m.where(known(measured), measured, computed)
    much = x.fio2 >= 50
    points = m.where(much, step_points(gradient, _GRADIENT, m), step_points(x.pao2, _PAO2, m))
    return m.where(known(m.where(much, gradient, x.pao2)), points, math.nan)


def _apache(x: Values, m: Ops) -> Mapping[str, Number]:
    kidney = step_points(x.creatinine, _CREATININE, m) * (1 + x.acute_kidney_injury)
    chronic = m.where(x.severe_chronic == 1, m.pick(x.admission, (5.0, 5.0, 2.0)), 0.0)
    total = (
        step_points(x.temperature, _TEMPERATURE, m)
        + step_points(x.mean_arterial_pressure, _PRESSURE, m)
        + step_points(x.heart_rate, _HEART, m)
        + step_points(x.respiratory_rate, _BREATH, m)
        + _oxygen(x, m)
        + step_points(x.ph_arterial, _PH, m)
        + step_points(x.sodium, _SODIUM, m)
        + step_points(x.potassium, _POTASSIUM, m)
        + kidney
        + step_points(x.haematocrit, _HAEMATOCRIT, m)
        + step_points(x.white_cells, _WHITE, m)
        + (15 - x.gcs)
        + step_points(x.age, _AGE, m)
        + chronic
    )
    return {"score": total}


MODELS = (
    RiskModel(
        name="apache2",
        title="APACHE II",
        field="acute",
        purpose="Severity of illness on admission to intensive care.",
        population="Adults within 24 hours of admission to intensive care",
        inputs=(
            Input("patient.age", low=16, high=120),
            Input("vital.temperature", low=20, high=45, reference=37),
            Input("vital.mean_arterial_pressure", low=10, high=250, reference=90),
            Input("vital.heart_rate", low=0, high=350, reference=80),
            Input("vital.respiratory_rate", low=0, high=100, reference=16),
            Input(
                "resp.fio2",
                low=21,
                high=100,
                assume=21.0,
                assume_why="not recorded: room air is taken",
                reference=21,
            ),
            Input(
                "lab.pao2",
                low=20,
                high=600,
                assume=math.nan,
                assume_why="not measured: with FiO2 of 50 % or more the alveolar-arterial gradient can stand for it",
                reference=90,
            ),
            Input(
                "lab.alveolar_arterial_gradient",
                low=0,
                high=700,
                assume=math.nan,
                assume_why="not recorded: computed from FiO2, PaO2 and PaCO2",
            ),
            Input("lab.paco2", low=5, high=200, assume=40.0, assume_why="not measured: 40 mmHg is taken", reference=40),
            Input("lab.ph_arterial", low=6.5, high=8.0, reference=7.4),
            Input("lab.sodium", low=90, high=200, reference=140),
            Input("lab.potassium", low=1, high=12, reference=4),
            Input("lab.creatinine", low=0.1, high=30, reference=0.9),
            yes_no("condition.acute_kidney_injury", "acute_kidney_injury"),
            Input("lab.haematocrit", low=5, high=80, reference=42),
            Input("lab.white_cells", low=0, high=500, reference=8),
            Input("vital.gcs", low=3, high=15, reference=15),
            yes_no("condition.severe_organ_insufficiency", "severe_chronic", also=("condition.immunosuppression",)),
            Input(
                "patient.admission_type",
                key="admission",
                codes={"nonoperative": 0.0, "emergency_surgery": 1.0, "elective_surgery": 2.0},
                assume="nonoperative",
                assume_why="no operation is recorded",
                reference="nonoperative",
            ),
        ),
        outputs=(Output("score", "APACHE II score", "score", fact="risk_score.apache2", digits=0),),
        formula=_apache,
        source="Knaus WA et al. Crit Care Med 1985;13:818-829",
        doi="10.1097/00003246-198510000-00009",
        limits="Worst value of the first 24 hours. Creatinine counts twice in acute kidney failure.",
        aliases=("APACHE II Score",),
    ),
)
