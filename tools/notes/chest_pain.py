"""What the HEART score asks of a note: suspicion, ECG, troponin against its limit, and the count of risk factors.

Six AJ et al. Neth Heart J 2008;16:191-196 (doi 10.1007/BF03086144): risk factors are hypertension,
hypercholesterolaemia, diabetes, obesity, smoking and family history; known atherosclerosis counts as three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.context import context_of
from tools.notes.course import is_later
from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_SUSPICION = re.compile(
    r"\b(?P<how>slight|mild|minimal|moderate|somewhat|high|very|strong|extreme|not very|non|"
    r"not)(?:ly)?\b[\s-]+(?:suspici\w+|"
    r"concerning|(?:level|degree|index) of suspicion)|"
    r"\bsuspicion\b[^.;]{0,30}\b(?:is|was|as|of)\s+(?P<level>slight|low|moderate|high)\b|"
    r"\b(?P<low>low)[\s-]+(?:clinical )?(?:index of )?suspicion\b",
    re.I,
)
# Elements of the history after Six 2008: typical ones make it highly suspicious, with others beside them moderately,
# others alone slightly.
_PAIN = re.compile(
    r"\b(?:chest|thoracic|precordial|retrosternal|substernal|anginal) (?:pain|discomfort|pressure|tightness|"
    r"heaviness)\b|"
    r"\bangina\b",
    re.I,
)
_TYPICAL = (
    r"\b(?:crushing|squeezing|heavy|pressure-like|pressing(?! on\b)|tight|constricting|gripping|heaviness|tightness|"
    r"chest pressure)\b",
    r"\b(?:radiat\w+|spread\w*|referred)\b[^.;]{0,30}\b(?:arms?|jaw|neck|shoulders?)\b",
    r"\b(?:exertion\w*|on effort|climbing|while (?:walking|running)|brought on by (?:effort|exercise|walking))\b",
    r"\b(?:diaphore\w+|sweat\w*)\b",
    r"\b(?:reliev\w+|eased|resolv\w+|subsid\w+)\b[^.;]{0,25}\b(?:rest|nitroglycerin|nitrates?|GTN)\b",
    r"\b(?:retrosternal|substernal|central chest)\b",
)
_OTHER = (
    r"\b(?:pleuritic|stabbing|sharp|burning|positional|knife-like|fleeting)\b",
    r"\b(?:worse\w*|aggravated|increas\w+)\b[^.;]{0,25}\b(?:inspiration|breathing|cough\w*|movement|palpation|lying)\b",
    r"\b(?:reproduc\w+|tender\w*)\b[^.;]{0,40}\b(?:palpation|chest wall|sternum|ribs?|costochondral)\b",
    r"\b(?:after (?:meals|eating)|heartburn|antacids?)\b",
)
_SUSPECTED = {
    **dict.fromkeys(("slight", "mild", "minimal", "low", "not", "non", "not very"), "slightly"),
    **dict.fromkeys(("moderate", "somewhat"), "moderately"),
    **dict.fromkeys(("high", "very", "strong", "extreme"), "highly"),
}
_ECG = (
    ("st_deviation", r"\bST[- ]?(?:segment)?\s*(?:depressions?|elevations?|deviations?|changes)\b|"
                     r"\bST (?:was )?depressed\b"),
    ("nonspecific", r"\bnon-?specific\b[^.;]{0,40}\b(?:repolari[sz]ation|ST|T[- ]waves?|changes?|"
                    r"abnormalit\w+)|"
                    r"\b(?:LBBB|left bundle branch block|left ventricular hypertrophy|T[- ]wave (?:inversions?|"
                    r"changes))\b|"
                    r"\brepolari[sz]ation (?:disturbances?|abnormalit\w+|changes?)|\b(?:poor|abnormal) R[- ]waves? "
                    r"progression|"
                    r"\b(?:flattened|inverted|biphasic) T[- ]waves?|\b(?:ventricular )?paced rhythm"),
    ("normal", r"\b(?:ECG|EKG|electrocardiogra\w+)\b[^.;]{0,40}\b(?:normal|unremarkable|no (?:acute |significant )?"
               r"(?:abnormalit\w+|ischa?emic changes|changes))|\bnormal (?:ECG|EKG|electrocardiogra\w+)\b"),
)  # fmt: skip
_TIMES = re.compile(
    r"(?P<n>\d+(?:\.\d+)?|two|three|four|five|six|eight|ten)\s*(?:times|x|×|-?\s?fold)\b(?![^.;]{0,12}(?:day|week|"
    r"hour))",
    re.I,
)
_WORDS = {"two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "eight": 8.0, "ten": 10.0}
# A value and its upper limit in one unit: `0.15 ng/mL (normal < 0.04)`, `52 ng/L (0-14 ng/L)`.
_MEASURED = re.compile(
    r"(?P<less><\s*)?(?<![\d.])(?P<value>\d+(?:\.\d+)?)\s*(?:(?P<unit>[a-zµμ]{1,3}/(?:d?l|ml))\s*)?[([,;]\s*(?:\w+ "
    r")?(?:normal|reference|(?:upper )?ref(?:erence|\.)?(?: limit)?|upper limit(?: of normal)?|ULN|cut-?off|n|nl|"
    r"99th percentile)?[\s:,]*(?:(?:range|value|values|limit|level|"
    r"interval|of)[\s:,]*)?(?:(?:<|≤|<=|less than|up to|below|under|of)\s*|\d+(?:\.\d+)?\s*(?:-|–|to)\s*|"
    r"(?<=limit)[\s:]{0,3}|(?<=limit )|(?<=limit, )|(?<=ULN )|(?<=cutoff )|(?<=cut-off )|(?<=percentile )|(?<=normal ))"
    r"(?P<upper>\d+(?:\.\d+)?)(?![\d.])\s*(?:(?P=unit))?",
    re.I,
)
_TROPONIN = (
    (4, r"(?:more than|greater than|over|above|exceed\w*|>)\s*(?:3|three) ?(?:times|x|fold)"),
    (
        2,
        r"(?:between )?(?:1|one)\s*(?:-|–|to|and)\s*(?:3|three) ?(?:times|x)|\b(?:twice|double|two times|2 ?times|"
        r"2x)\b",
    ),
    (
        1,
        r"\b(?:normal(?!\s*(?:value|range|level|limit|reference|ref|upper|<|≤|:|=|up to|\d))|negative|undetectable|"
        r"not (?:elevated|raised|detect\w+)|unremarkable|within (?:the )?(?:normal|reference)|below the (?:limit|cut)|"
        r"(?:(?:less|lower) than(?: or equal to)?|at or below|≤|<=|below|under) (?:the )?(?:normal|upper|99th))",
    ),
)
_FACTORS = (
    r"\b(?:hypertension|hypertensive|high blood pressure|HTN)\b",
    r"\b(?:hyperlipid\w+|dyslipid\w+|hypercholesterol\w+|high cholesterol)\b",
    r"\b(?:diabetes|diabetic|T2DM|DM)\b",
    r"\b(?:obes(?:e|ity))\b",
    r"\b(?:(?:current|active|chronic|heavy)? ?smok(?:er|es|ing)|"
    r"smoked (?=\w+ (?:cigarettes?|packs?)\b[^.;]{0,6}\b(?:a|per) day)|tobacco use)\b",
    r"\bfamily history (?:of|for) (?:\w+ ){0,3}(?:cardiovascular|coronary|heart|cardiac|atherosclero\w+)",
)
_BMI = re.compile(r"\b(?:BMI|body[- ]mass index)\b[^.;\d]{0,30}(?P<n>\d{2}(?:\.\d+)?)", re.I)
_OBESE_ABOVE = 30  # kg/m²
_NO_FACTORS = re.compile(
    r"\b(?:no|without(?: any)?|denie[sd]|absence of|lacks)\s+(?:known |other |significant |identifiable |"
    r"traditional |any )*"
    r"(?:cardiovascular |cardiac |coronary |heart disease |CAD |atherosclerotic )?(?:disease )?risk factors?\b",
    re.I,
)
_KNOWN = re.compile(
    r"\b(?:atheroscler\w+|coronary (?:artery|heart) disease|CAD|myocardial infarction|(?-i:MI)|N?STEMI|"
    r"heart attack|stroke|TIA|"
    r"peripheral (?:arterial|artery|vascular) disease|CABG|PCI|coronary stent\w*)\b",
    re.I,
)
_ASKS = re.compile(r"\b(?:chest (?:pain|discomfort|pressure|tightness)|angina|troponin)\b", re.I)


def chest_pain_hits(document: Document) -> Iterator[Hit]:
    """Facts of the HEART score, where an English note is about chest pain or troponin."""
    if document.language == "en" and _ASKS.search(document.text):
        made = [*_suspicion(document), *_ecg(document), *_troponin(document.text), *_risk_factors(document)]
        yield from (found for found in made if found is not None)


def _suspicion(document: Document) -> Iterator[Hit | None]:
    match = _SUSPICION.search(document.text)
    if match is not None:
        how = _SUSPECTED[(match["how"] or match["level"] or match["low"]).lower()]
        yield hit("heart.history_suspicion", how, None, match.start(), match.end())
        return
    pain = _stated(document, _PAIN)
    typical, other = (
        [m for pattern in patterns if (m := _stated(document, re.compile(pattern, re.I)))]
        for patterns in (_TYPICAL, _OTHER)
    )
    if pain is None:
        if (none := _denied(document, _PAIN)) is not None:
            yield hit("heart.history_suspicion", "slightly", None, none.start(), none.end(), "there is no chest pain")
        return
    spans = [pain, *typical, *other]
    how = "slightly" if not typical else "moderately" if other or len(typical) == 1 else "highly"
    first, last = min(m.start() for m in spans), max(m.end() for m in spans)
    why = f"judged from {len(typical)} typical and {len(other)} other features of the pain"
    yield hit("heart.history_suspicion", how, None, first, last, why)


def _ecg(document: Document) -> Iterator[Hit | None]:
    """The worst of what tracings at presentation show; of later ones, where there are no others."""
    found = [
        (is_later(document, document.sentence_at(match.start()), match.start()), place, code, match)
        for place, (code, pattern) in enumerate(_ECG)
        for match in re.finditer(pattern, document.text, re.I)
        if _of_ecg(document, code, match)
    ]
    if found:
        _, _, code, match = min(found, key=lambda f: (f[0], f[1], f[3].start()))
        yield hit("heart.ecg", code, None, match.start(), match.end())


def _of_ecg(document: Document, code: str, match: re.Match[str]) -> bool:
    """Whether a match is of a tracing, not of an echocardiogram, and not denied."""
    sentence = document.sentence_at(match.start())
    if match[0].lower().startswith("left ventricular") and re.search(r"\bechocard", document.words(sentence), re.I):
        return False
    return code == "normal" or not context_of(document, sentence, match.start(), match.end()).negated


def _troponin(text: str) -> Iterator[Hit | None]:
    for said in re.finditer(r"\btroponins?\b(?:[^.;]|\.(?=\d)){0,160}", text, re.I):
        measured = _MEASURED.search(said[0])
        if measured is not None and float(measured["upper"]) > 0:
            ratio = round(float(measured["value"]) / float(measured["upper"]), 3)
            if measured["less"] and ratio > 1:
                return
            end = said.start() + measured.end()
            yield hit("lab.troponin_ratio", ratio, "1", said.start(), end, "its value over its written limit")
            return
        for ratio, pattern in _TROPONIN:
            match = re.search(pattern, said[0], re.I)
            if match is not None:
                yield hit("lab.troponin_ratio", ratio, "1", said.start(), said.start() + match.end(), "by its limit")
                return
            times = _TIMES.search(said[0])
            if times is not None and ratio == 2:
                number = _WORDS.get(times["n"].lower()) or float(times["n"])
                yield hit("lab.troponin_ratio", number, "1", said.start(), said.start() + times.end(), "by its limit")
                return


def _risk_factors(document: Document) -> Iterator[Hit | None]:
    none = _NO_FACTORS.search(document.text)
    if none is not None:
        yield hit("heart.risk_factors", 0, None, none.start(), none.end())
        return
    said = [match for pattern in _FACTORS if (match := _stated(document, re.compile(pattern, re.I)))]
    obese = next((m for m in _BMI.finditer(document.text) if float(m["n"]) > _OBESE_ABOVE), None)
    if obese is not None and not any(re.match("obes", match[0], re.I) for match in said):
        said.append(obese)
    known = _stated(document, _KNOWN)
    if said or known is not None:
        spans = [*said, *([known] if known else [])]
        count = max(len(said), 3 if known else 0)
        first, last = min(m.start() for m in spans), max(m.end() for m in spans)
        yield hit("heart.risk_factors", count, None, first, last, "counted from what the note states")


def _stated(document: Document, pattern: re.Pattern[str]) -> re.Match[str] | None:
    for match in pattern.finditer(document.text):
        context = context_of(document, document.sentence_at(match.start()), match.start(), match.end())
        own = context.experiencer == "patient" or match[0].lower().startswith("family history")
        if own and not context.negated and context.time != "hypothetical":
            return match
    return None


def _denied(document: Document, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """The first mention that the note denies of the patient."""
    for match in pattern.finditer(document.text):
        context = context_of(document, document.sentence_at(match.start()), match.start(), match.end())
        if context.negated and context.experiencer == "patient" and context.time != "hypothetical":
            return match
    return None
