"""The list of published models, loaded when first asked for."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from functools import lru_cache

from knowledge.errors import ToolRetry
from tools.risk.model import RiskModel

_MODULES = (
    "prevent",
    "cardiovascular",
    "qrisk3",
    "lipids",
    "stroke_bleeding",
    "chest_pain",
    "lung",
    "cancer",
    "renal_cancer",
    "tumour_markers",
    "gail",
    "liver",
    "liver_cancer",
    "kidney",
    "kidney_category",
    "embolism",
    "infection",
    "critical",
    "apache",
    "surgery_bleeding",
    "body",
    "laboratory",
    "doses",
    "general",
)

# A fact that is not recorded may follow from another one, or from a model: "=fact" or the model's name.
DERIVED_FROM: Mapping[str, str] = {
    "lab.egfr": "ckd_epi_2021",
    "patient.bmi": "bmi",
    "lab.glucose": "=lab.fasting_glucose",
    "vital.mean_arterial_pressure": "mean_arterial_pressure",
    "vital.gcs": "gcs",
    "lab.calcium_corrected": "calcium_corrected",
    "risk_score.child_pugh_class": "child_pugh",
    "nodule.longest_diameter": "=nodule.mean_diameter",
    "risk_score.dutch_lipid": "dutch_lipid",
}

# A code that follows from another one: fact -> the fact it is read from, and the code of the narrowest row that fits.
# Khorana 2008, Table 1: very high risk stomach, pancreas; high risk lung, lymphoma, gynaecological, bladder, testis.
DERIVED_CODES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "tumour.khorana_site": (
        "tumour.type",
        {
            **dict.fromkeys(("gastric_cancer", "pancreatic_cancer"), "very_high"),
            **dict.fromkeys(
                ("lung_cancer", "lymphoma", "ovarian_cancer", "endometrial_cancer", "cervical_cancer", "bladder_cancer",
                 "testicular_germ_cell"), "high"),
            "": "other",
        },
    ),
}  # fmt: skip


@lru_cache(maxsize=1)
def models() -> Mapping[str, RiskModel]:
    """Every published model by name, in listing order."""
    found: dict[str, RiskModel] = {}
    for name in _MODULES:
        if importlib.util.find_spec(f"tools.risk.models.{name}") is None:
            continue
        for model in importlib.import_module(f"tools.risk.models.{name}").MODELS:
            if model.name in found:
                raise ValueError(f"the risk model {model.name} is declared twice")
            found[model.name] = model
    return found


def get_model(name: str) -> RiskModel:
    """The model of that name, title or alias. Raises `ToolRetry` with the nearest names."""
    known = models()
    if name in known:
        return known[name]
    folded = name.strip().casefold()
    for model in known.values():
        if folded in (model.title.casefold(), *(alias.casefold() for alias in model.aliases)):
            return model
    near = difflib.get_close_matches(folded.replace("-", "_").replace(" ", "_"), known, n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise ToolRetry(f"There is no risk model named {name!r}.{hint} `consilium risk list` shows them all.")
