"""Calculations from laboratory values: acid-base, electrolytes, lipids, insulin resistance."""

from __future__ import annotations

from collections.abc import Mapping

from tools.risk.model import SEX, Band, Field, Formula, Input, Output, RiskModel, Values
from tools.risk.ops import Number, Ops

_SODIUM = Input("lab.sodium", low=90, high=200, reference=140)
_CHLORIDE = Input("lab.chloride", low=50, high=160, reference=104)
_BICARBONATE = Input("lab.bicarbonate", low=1, high=60, reference=24)
_ALBUMIN = Input("lab.albumin", low=0.5, high=7, reference=4)
_GLUCOSE = Input("lab.glucose", low=10, high=2000, reference=100)
_UREA = Input("lab.urea_nitrogen", low=1, high=300, reference=14)


def _anion_gap(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"gap": x.sodium - (x.chloride + x.bicarbonate)}


def _corrected_gap(x: Values) -> Number:
    return x.sodium - (x.chloride + x.bicarbonate) + 2.5 * (4 - x.albumin)


def _anion_gap_albumin(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"gap": _corrected_gap(x)}


def _delta_gap(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"delta": x.sodium - (x.chloride + x.bicarbonate) - 12}


def _delta_gap_albumin(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"delta": _corrected_gap(x) - 12}


def _ratio(delta: Number, x: Values, m: Ops) -> Mapping[str, Number]:
    deficit = 24 - x.bicarbonate
    defined = deficit != 0
    return {"ratio": m.where(defined, delta / m.where(defined, deficit, 1.0), float("nan"))}


def _delta_ratio(x: Values, m: Ops) -> Mapping[str, Number]:
    return _ratio(x.sodium - (x.chloride + x.bicarbonate) - 12, x, m)


def _delta_ratio_albumin(x: Values, m: Ops) -> Mapping[str, Number]:
    return _ratio(_corrected_gap(x) - 12, x, m)


def _calcium(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"calcium": x.calcium + 0.8 * (4 - x.albumin)}


def _sodium(x: Values, _m: Ops) -> Mapping[str, Number]:
    above = x.glucose - 100
    return {"hillier": x.sodium + 0.024 * above, "katz": x.sodium + 0.016 * above}


def _osmolality(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"osmolality": 2 * x.sodium + x.glucose / 18 + x.urea_nitrogen / 2.8}


def _free_water(x: Values, m: Ops) -> Mapping[str, Number]:
    male = x.sex == 1
    adult = m.where(x.age >= 65, m.where(male, 0.5, 0.45), m.where(male, 0.6, 0.5))
    fraction = m.where(x.age < 18, 0.6, adult)
    return {"deficit": fraction * x.weight * (x.sodium / 140 - 1)}


def _fena(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"fena": 100 * (x.urine_sodium * x.creatinine) / (x.sodium * x.urine_creatinine)}


def _friedewald(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"ldl": x.total_cholesterol - x.hdl_cholesterol - x.triglycerides / 5}


def _sampson(x: Values, _m: Ops) -> Mapping[str, Number]:
    total, hdl, tg = x.total_cholesterol, x.hdl_cholesterol, x.triglycerides
    non_hdl = total - hdl
    return {"ldl": total / 0.948 - hdl / 0.971 - (tg / 8.56 + tg * non_hdl / 2140 - tg * tg / 16100) - 9.44}


def _homa(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"index": x.insulin * x.fasting_glucose / 405}


def _calc(name: str, title: str, inputs: tuple[Input, ...], output: Output | tuple[Output, ...], formula: Formula,
          purpose: str, source: str, doi: str, limits: str, aliases: tuple[str, ...] = (),
          relevant: tuple[str, ...] = (), field: Field = "laboratory") -> RiskModel:  # fmt: skip
    return RiskModel(
        name=name,
        title=title,
        field=field,
        purpose=purpose,
        population="Any patient in whom the values were measured together",
        inputs=inputs,
        outputs=output if isinstance(output, tuple) else (output,),
        formula=formula,
        source=source,
        doi=doi,
        limits=limits,
        relevant=relevant,
        aliases=aliases,
    )


_GAP_SOURCE = ("Emmett M, Narins RG. Medicine 1977;56:38-54", "10.1097/00005792-197756010-00002")
_FIGGE = ("Figge J et al. Crit Care Med 1998;26:1807-1810", "10.1097/00003246-199811000-00019")
_WRENN = ("Wrenn K. Ann Emerg Med 1990;19:1310-1313", "10.1016/S0196-0644(05)82292-9")
_RATIO_SOURCE = ("Rastegar A. J Am Soc Nephrol 2007;18:2429-2431", "10.1681/ASN.2006121408")
_GAP_LIMITS = (
    "Potassium is left out. A normal gap of 12 mmol/L (and bicarbonate of 24) is assumed; laboratories differ."
)
_IONS = (_SODIUM, _CHLORIDE, _BICARBONATE)
_LIPIDS = (
    Input("lab.total_cholesterol", low=30, high=1500, reference=190),
    Input("lab.hdl_cholesterol", low=3, high=250, reference=50),
)
_ACID_BASE = "Sort out metabolic acidosis."
_MIXED = "Find a second metabolic disorder beside a high-gap acidosis."

MODELS = (
    _calc("anion_gap", "Anion gap", _IONS, Output("gap", "Anion gap", "quantity", "mmol/L"), _anion_gap,
          _ACID_BASE, *_GAP_SOURCE, _GAP_LIMITS, ("Anion Gap",)),
    _calc("anion_gap_albumin", "Anion gap corrected for albumin", (*_IONS, _ALBUMIN),
          Output("gap", "Albumin-corrected anion gap", "quantity", "mmol/L"), _anion_gap_albumin,
          _ACID_BASE, *_FIGGE, "2.5 mmol/L for each g/dL of albumin below 4. " + _GAP_LIMITS,
          ("Albumin Corrected Anion Gap",)),
    _calc("delta_gap", "Delta gap", _IONS, Output("delta", "Delta gap", "quantity", "mmol/L"), _delta_gap,
          _MIXED, *_WRENN, _GAP_LIMITS, ("Delta Gap",)),
    _calc("delta_gap_albumin", "Delta gap corrected for albumin", (*_IONS, _ALBUMIN),
          Output("delta", "Albumin-corrected delta gap", "quantity", "mmol/L"), _delta_gap_albumin,
          _MIXED, *_WRENN, _GAP_LIMITS, ("Albumin Corrected Delta Gap",)),
    _calc("delta_ratio", "Delta ratio", _IONS, Output("ratio", "Delta ratio", "score", digits=2), _delta_ratio,
          _MIXED, *_RATIO_SOURCE, _GAP_LIMITS, ("Delta Ratio",)),
    _calc("delta_ratio_albumin", "Delta ratio corrected for albumin", (*_IONS, _ALBUMIN),
          Output("ratio", "Albumin-corrected delta ratio", "score", digits=2), _delta_ratio_albumin,
          _MIXED, *_RATIO_SOURCE, _GAP_LIMITS, ("Albumin Corrected Delta Ratio",)),
    _calc("calcium_corrected", "Calcium corrected for albumin",
          (Input("lab.calcium", low=3, high=25, reference=9.5), _ALBUMIN),
          Output("calcium", "Albumin-corrected calcium", "quantity", "mg/dL", fact="lab.calcium_corrected"), _calcium,
          "Total calcium as it would be at an albumin of 4 g/dL.",
          "Payne RB et al. Br Med J 1973;4:643-646", "10.1136/bmj.4.5893.643",
          "Ionised calcium is better where it can be measured, above all in critical illness and kidney disease.",
          ("Calcium Correction for Hypoalbuminemia",)),
    _calc("sodium_corrected", "Sodium corrected for glucose", (_SODIUM, _GLUCOSE),
          (Output("hillier", "Corrected sodium (2.4 mmol/L per 100 mg/dL)", "quantity", "mmol/L"),
           Output("katz", "Corrected sodium (1.6 mmol/L per 100 mg/dL)", "quantity", "mmol/L")), _sodium,
          "Sodium as it would be at a glucose of 100 mg/dL.",
          "Hillier TA et al. Am J Med 1999;106:399-403; Katz MA. N Engl J Med 1973;289:843-844",
          "10.1016/S0002-9343(99)00055-8", "For hyperglycaemia only.",
          ("Sodium Correction for Hyperglycemia",)),
    _calc("osmolality", "Calculated serum osmolality", (_SODIUM, _GLUCOSE, _UREA),
          Output("osmolality", "Calculated serum osmolality", "quantity", "mosm/kg", digits=0), _osmolality,
          "Compare with the measured osmolality (osmolal gap).",
          "Dorwart WV, Chalmers L. Clin Chem 1975;21:190-194", "10.1093/clinchem/21.2.190",
          "Form 2 Na + glucose/18 + BUN/2.8; ethanol is left out.", ("Serum Osmolality",)),
    _calc("free_water_deficit", "Free water deficit",
          (Input("patient.weight", low=2, high=400), Input("patient.age", low=0, high=120), SEX, _SODIUM),
          Output("deficit", "Free water deficit", "quantity", "L"), _free_water,
          "Water missing in hypernatraemia.", "Adrogué HJ, Madias NE. N Engl J Med 2000;342:1493-1499",
          "10.1056/NEJM200005183422006",
          "Body water is taken as 0.6 of weight (children, men), 0.5 (women, men from 65), 0.45 (women from 65). "
          "It does not count ongoing losses.", ("Free Water Deficit",)),
    _calc("fena", "Fractional excretion of sodium",
          (_SODIUM, Input("lab.creatinine", low=0.1, high=30), Input("lab.urine_sodium", low=1, high=400),
           Input("lab.urine_creatinine", low=1, high=1000)),
          Output("fena", "Fractional excretion of sodium", "quantity", "%", digits=2,
                 bands=(Band(-1e9, "below 1 %", "suggests prerenal disease"), Band(1, "1-2 %", "indeterminate"),
                        Band(2.0000001, "above 2 %", "suggests tubular injury"))), _fena,
          "Tell prerenal from intrinsic acute kidney injury.", "Espinel CH. JAMA 1976;236:579-581",
          "10.1001/jama.1976.03270060029022", "Not on diuretics; not in chronic kidney disease.",
          ("Fractional Excretion of Sodium (FENa)",)),
    _calc("ldl_friedewald", "LDL cholesterol, Friedewald",
          (*_LIPIDS, Input("lab.triglycerides", low=10, high=399.999, reference=100)),
          Output("ldl", "Calculated LDL cholesterol", "quantity", "mg/dL", fact="lab.ldl_cholesterol", digits=0),
          _friedewald, "LDL cholesterol from a lipid panel.", "Friedewald WT et al. Clin Chem 1972;18:499-502",
          "10.1093/clinchem/18.6.499", "Fasting; triglycerides below 400 mg/dL; underestimates at low LDL.",
          ("LDL Calculated",)),
    _calc("ldl_sampson", "LDL cholesterol, Sampson (NIH)",
          (*_LIPIDS, Input("lab.triglycerides", low=10, high=800, reference=100)),
          Output("ldl", "Calculated LDL cholesterol", "quantity", "mg/dL", digits=0),
          _sampson, "LDL cholesterol from a lipid panel, also with high triglycerides or low LDL.",
          "Sampson M et al. JAMA Cardiol 2020;5:540-548", "10.1001/jamacardio.2020.0013",
          "Triglycerides up to 800 mg/dL."),
    _calc("homa_ir", "HOMA-IR",
          (Input("lab.fasting_glucose", low=10, high=1000, reference=90), Input("lab.insulin", low=0.2, high=1000)),
          Output("index", "HOMA-IR", "score", digits=2), _homa, "Insulin resistance in the fasting state.",
          "Matthews DR et al. Diabetologia 1985;28:412-419", "10.1007/BF00280883",
          "Fasting samples; not on insulin. No single cut-off.",
          ("HOMA-IR (Homeostatic Model Assessment for Insulin Resistance)",)),
)  # fmt: skip
