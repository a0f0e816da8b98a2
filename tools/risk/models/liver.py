"""Liver disease: severity, fibrosis, stage of hepatocellular carcinoma."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tools.risk.model import SEX, Band, Input, Output, RiskModel, Values, yes_no
from tools.risk.ops import Number, Ops

_INF = math.inf
_BILIRUBIN = Input("lab.bilirubin", low=0.05, high=80, reference=1.0)
_INR = Input("lab.inr", low=0.5, high=20, reference=1.0)
_CREATININE = Input("lab.creatinine", low=0.1, high=20, reference=1.0)
_SODIUM = Input("lab.sodium", low=100, high=180, reference=137)
_ALBUMIN = Input("lab.albumin", low=0.5, high=6, reference=3.5)
_DIALYSIS = yes_no("condition.dialysis", "dialysis")
_ADULT = Input("patient.age", low=12, high=120)


def _meld_initial(x: Values, m: Ops) -> Number:
    creatinine = m.where(x.dialysis == 1, 4.0, m.minimum(m.maximum(x.creatinine, 1.0), 4.0))
    return (
        9.57 * m.log(creatinine)
        + 3.78 * m.log(m.maximum(x.bilirubin, 1.0))
        + 11.20 * m.log(m.maximum(x.inr, 1.0))
        + 6.43
    )


def _clamp(value: Number, low: float, high: float, m: Ops) -> Number:
    return m.minimum(m.maximum(value, low), high)


def _meld(x: Values, m: Ops) -> Mapping[str, Number]:
    return {"score": _clamp(m.round(_meld_initial(x, m)), 6.0, 40.0, m)}


def _meld_na(x: Values, m: Ops) -> Mapping[str, Number]:
    initial = m.round(_meld_initial(x, m))  # the policy rounds before sodium is added
    deficit = 137 - _clamp(x.sodium, 125.0, 137.0, m)
    with_sodium = initial + 1.32 * deficit - 0.033 * initial * deficit
    return {"score": _clamp(m.round(m.where(initial > 11, with_sodium, initial)), 6.0, 40.0, m)}


def _meld3(x: Values, m: Ops) -> Mapping[str, Number]:
    log_creatinine = m.log(m.where(x.dialysis == 1, 3.0, _clamp(x.creatinine, 1.0, 3.0, m)))
    log_bilirubin = m.log(m.maximum(x.bilirubin, 1.0))
    deficit = 137 - _clamp(x.sodium, 125.0, 137.0, m)
    albumin = 3.5 - _clamp(x.albumin, 1.5, 3.5, m)
    value = (
        1.33 * m.maximum(m.flag(x.sex == 0), m.flag(x.age < 18))  # OPTN: adolescents of both sexes
        + 4.56 * log_bilirubin
        + 0.82 * deficit
        - 0.24 * deficit * log_bilirubin
        + 9.09 * m.log(m.maximum(x.inr, 1.0))
        + 11.14 * log_creatinine
        + 1.85 * albumin
        - 1.83 * albumin * log_creatinine
        + 6
    )
    return {"score": _clamp(m.round(value), 6.0, 40.0, m)}


def _child_pugh(x: Values, m: Ops) -> Mapping[str, Number]:
    bilirubin = 1 + m.flag(x.bilirubin >= 2) + m.flag(x.bilirubin > 3)
    albumin = 1 + m.flag(x.albumin <= 3.5) + m.flag(x.albumin < 2.8)
    inr = 1 + m.flag(x.inr >= 1.7) + m.flag(x.inr > 2.3)
    encephalopathy = 1 + m.flag(x.encephalopathy >= 1) + m.flag(x.encephalopathy >= 3)
    score = bilirubin + albumin + inr + encephalopathy + 1 + x.ascites
    return {"score": score, "class": m.flag(score >= 7) + m.flag(score >= 10)}


# Cut-offs of steatotic liver disease: 1.3, from 65 years on 2.0 (McPherson 2017, doi 10.1038/ajg.2016.453), and 2.67;
# not for people under 35. EASL-EASD-EASO 2024 (doi 10.1016/j.jhep.2024.04.031) and AASLD 2023 (Rinella, doi
# 10.1097/HEP.0000000000000323) use them.
_FIBROSIS = (
    "low: below 1.3",
    "low: below 2.0, the lower cut-off from 65 years on",
    "indeterminate: 1.3 to 2.67",
    "indeterminate: 2.0 (the lower cut-off from 65 years on) to 2.67",
    "high: above 2.67",
)


def _fib4(x: Values, m: Ops) -> Mapping[str, Number]:
    index = x.age * x.ast / (x.platelets * m.sqrt(x.alt))
    old = m.flag(x.age >= 65)
    risk = m.where(index > 2.67, 4.0, 2 * m.flag(index >= 1.3 + 0.7 * old) + old)
    return {"index": index, "fibrosis": m.where(x.age < 35, math.nan, risk)}


def _apri(x: Values, _m: Ops) -> Mapping[str, Number]:
    return {"index": 100 * (x.ast / x.upper_limit) / x.platelets}


def _bclc(x: Values, m: Ops) -> Mapping[str, Number]:
    end_stage = m.flag(x.child_pugh == 2) + m.flag(x.ecog >= 3) > 0
    advanced = x.vascular + x.spread + m.flag(x.ecog >= 1) > 0
    early = m.flag(x.count == 1) + m.flag(x.count <= 3) * m.flag(x.size <= 30) > 0
    very_early = m.flag(x.count == 1) * m.flag(x.size <= 20) > 0
    stage = m.where(very_early, 0.0, m.where(early, 1.0, 2.0))
    return {"stage": m.where(end_stage, 4.0, m.where(advanced, 3.0, stage))}


_MORTALITY = (
    Band(-_INF, "up to 9", "1.9 % died within 3 months in hospital patients (Wiesner 2003)"),
    Band(10, "10-19", "6.0 % died within 3 months"),
    Band(20, "20-29", "19.6 % died within 3 months"),
    Band(30, "30-39", "52.6 % died within 3 months"),
    Band(40, "40", "71.3 % died within 3 months"),
)


def _score(fact: str, title: str, bands: tuple[Band, ...] = _MORTALITY) -> tuple[Output, ...]:
    return (Output("score", title, "score", fact=f"risk_score.{fact}", bands=bands, digits=0),)


# A note has to state one of them for a model of end-stage liver disease to be answered from it.
_LIVER_DISEASE = (
    "condition.liver_disease", "condition.cirrhosis", "condition.liver_disease_moderate_severe", "condition.ascites",
    "condition.alcohol_related_liver_disease", "condition.acute_liver_failure", "condition.hepatic_encephalopathy",
    "condition.hepatitis_b", "condition.hepatitis_c", "condition.hepatocellular_carcinoma", "condition.nafld",
    "condition.wilson_disease", "condition.oesophageal_varices", "condition.liver_function_abnormal_hasbled",
    "symptom.jaundice", "finding.hepatomegaly", "procedure.liver_transplantation",
)  # fmt: skip
_JAUNDICED = (("lab.bilirubin", 2.0),)  # mg/dL, where jaundice begins to be seen
_CIRRHOSIS = ("condition.cirrhosis", "condition.liver_disease")
MODELS = (
    RiskModel(
        name="meld",
        complaint=_LIVER_DISEASE,
        complaint_values=_JAUNDICED,
        title="MELD score (UNOS)",
        field="liver",
        purpose="Severity of end-stage liver disease; priority for transplantation.",
        population="People with end-stage liver disease, 12 years and older",
        inputs=(_ADULT, _BILIRUBIN, _INR, _CREATININE, _DIALYSIS),
        outputs=_score("meld", "MELD score"),
        formula=_meld,
        source="Kamath PS et al. Hepatology 2001;33:464-470, with the bounds of UNOS",
        doi="10.1053/jhep.2001.22172",
        limits="Values below 1 are set to 1; creatinine is capped at 4 mg/dL, and is 4 on dialysis.",
        relevant=_CIRRHOSIS,
    ),
    RiskModel(
        name="meld_na",
        complaint=_LIVER_DISEASE,
        complaint_values=_JAUNDICED,
        title="MELD-Na score (UNOS/OPTN 2016)",
        field="liver",
        purpose="Severity of end-stage liver disease with serum sodium.",
        population="People with end-stage liver disease, 12 years and older",
        inputs=(_ADULT, _BILIRUBIN, _INR, _CREATININE, _SODIUM, _DIALYSIS),
        outputs=_score("meld_na", "MELD-Na score"),
        formula=_meld_na,
        source="Kim WR et al. N Engl J Med 2008;359:1018-1026; OPTN policy 9.1 of 2016",
        doi="10.1056/NEJMoa0801209",
        limits="Sodium is bounded to 125-137 mmol/L; sodium counts only if MELD is above 11.",
        relevant=_CIRRHOSIS,
        aliases=("MELD Na (UNOS/OPTN)",),
    ),
    RiskModel(
        name="meld3",
        complaint=_LIVER_DISEASE,
        complaint_values=_JAUNDICED,
        title="MELD 3.0",
        field="liver",
        purpose="Severity of end-stage liver disease with sex, sodium and albumin.",
        population="People with end-stage liver disease, 12 years and older",
        inputs=(_ADULT, SEX, _BILIRUBIN, _INR, _CREATININE, _SODIUM, _ALBUMIN, _DIALYSIS),
        outputs=_score("meld3", "MELD 3.0 score", ()),
        formula=_meld3,
        source="Kim WR et al. Gastroenterology 2021;161:1887-1895",
        doi="10.1053/j.gastro.2021.08.050",
        limits="Creatinine is bounded to 1-3 mg/dL, sodium 125-137 mmol/L, albumin 1.5-3.5 g/dL. Below 18 years both "
        "sexes get the points of women (OPTN policy 9).",
        relevant=_CIRRHOSIS,
    ),
    RiskModel(
        name="child_pugh",
        title="Child-Pugh score",
        field="liver",
        purpose="Severity of cirrhosis.",
        population="Adults with cirrhosis",
        inputs=(
            _BILIRUBIN,
            _ALBUMIN,
            _INR,
            Input(
                "grade.ascites", key="ascites", codes={"none": 0.0, "slight": 1.0, "moderate": 2.0}, reference="none"
            ),
            Input("grade.encephalopathy", key="encephalopathy", low=0, high=4, reference=0),
        ),
        outputs=(
            Output("score", "Child-Pugh score", "score", fact="risk_score.child_pugh", digits=0),
            Output("class", "Child-Pugh class", "category", fact="risk_score.child_pugh_class", labels=("A", "B", "C")),
        ),
        formula=_child_pugh,
        source="Pugh RNH et al. Br J Surg 1973;60:646-649, with INR in place of prothrombin time",
        doi="10.1002/bjs.1800600817",
        limits="Ascites and encephalopathy are judged clinically. Not the thresholds for cholestatic disease.",
        relevant=_CIRRHOSIS,
        aliases=("Child-Pugh Score for Cirrhosis Mortality",),
    ),
    RiskModel(
        name="fib4",
        title="FIB-4 index",
        field="liver",
        purpose="Likelihood of advanced liver fibrosis.",
        population="Adults with chronic liver disease; made in HIV and hepatitis C co-infection",
        inputs=(
            Input("patient.age", low=18, high=110),
            Input("lab.ast", low=1, high=10000, reference=25),
            Input("lab.alt", low=1, high=10000, reference=25),
            Input("lab.platelets", low=5, high=2000, reference=250),
        ),
        outputs=(
            Output(
                "index",
                "FIB-4 index",
                "score",
                fact="risk_score.fib4",
                digits=2,
                bands=(
                    Band(-_INF, "below 1.45", "advanced fibrosis unlikely in hepatitis C with HIV"),
                    Band(1.45, "1.45 to 3.25", "indeterminate in hepatitis C with HIV"),
                    Band(3.2500001, "above 3.25", "advanced fibrosis likely in hepatitis C with HIV"),
                ),
            ),
            Output(
                "fibrosis",
                "likelihood of advanced fibrosis in steatotic liver disease",
                "category",
                labels=_FIBROSIS,
                told=True,
            ),
        ),
        formula=_fib4,
        source="Sterling RK et al. Hepatology 2006;43:1317-1325",
        doi="10.1002/hep.21178",
        limits="Less reliable below 35 and above 65 years, and in acute hepatitis.",
        relevant=("condition.liver_disease", "condition.nafld", "condition.hepatitis_c", "condition.hepatitis_b"),
        aliases=("Fibrosis-4 (FIB-4) Index for Liver Fibrosis",),
    ),
    RiskModel(
        name="apri",
        title="AST to platelet ratio index (APRI)",
        field="liver",
        purpose="Likelihood of significant fibrosis and cirrhosis in chronic hepatitis C.",
        population="Adults with chronic hepatitis C",
        inputs=(
            Input("lab.ast", low=1, high=10000, reference=25),
            Input("lab.platelets", low=5, high=2000, reference=250),
            Input(
                "lab.ast_upper_limit",
                key="upper_limit",
                low=10,
                high=100,
                assume=40.0,
                assume_why="the laboratory's upper limit of AST is not recorded: 40 U/L is used",
            ),
        ),
        outputs=(
            Output(
                "index",
                "APRI",
                "score",
                fact="risk_score.apri",
                digits=2,
                bands=(
                    Band(-_INF, "low", "0.5 or less: significant fibrosis unlikely"),
                    Band(0.5000001, "indeterminate", "above 0.5 to 1.5"),
                    Band(1.5000001, "high", "above 1.5: significant fibrosis likely"),
                ),
            ),
        ),
        formula=_apri,
        source="Wai CT et al. Hepatology 2003;38:518-526",
        doi="10.1053/jhep.2003.50346",
        limits="Not in acute hepatitis.",
        relevant=("condition.hepatitis_c",),
    ),
    RiskModel(
        name="bclc",
        title="Barcelona Clinic Liver Cancer stage (2022)",
        field="cancer",
        purpose="Stage of hepatocellular carcinoma.",
        population="Adults with hepatocellular carcinoma",
        inputs=(
            Input("tumour.lesion_count", key="count", low=1, high=100),
            Input("tumour.size", key="size", unit="mm", low=1, high=400),
            yes_no("tumour.vascular_invasion", "vascular", needed=True),
            yes_no("tumour.metastatic", "spread", needed=True),
            Input("patient.ecog", low=0, high=4),
            Input("risk_score.child_pugh_class", key="child_pugh", codes={"A": 0.0, "B": 1.0, "C": 2.0}, reference="A"),
        ),
        outputs=(Output("stage", "BCLC stage", "category", fact="risk_score.bclc", labels=("0", "A", "B", "C", "D")),),
        formula=_bclc,
        source="Reig M et al. J Hepatol 2022;76:681-693",
        doi="10.1016/j.jhep.2021.11.018",
        limits=(
            "Child-Pugh C is taken as end-stage liver function; people in whom transplantation can still be offered "
            "are staged by tumour instead. Performance status that is due to the tumour."
        ),
        relevant=("condition.hepatocellular_carcinoma",),
    ),
)
