"""Findings in words that scores ask for: coma scale by its parts, ascites, encephalopathy, dates of a pregnancy.

Glasgow Coma Scale: Teasdale and Jennett 1974 (doi 10.1016/S0140-6736(74)91639-0) and the 2014 wording
(glasgowcomascale.org). West Haven grades: Vilstrup 2014 (doi 10.1002/hep.27210).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from tools.notes.document import Document, date_in
from tools.notes.hits import Hit, hit

_PAIN = r"pain\w*|noxious|sternal rub|pressure|pinch\w*"
_VOICE = r"voice|verbal|command\w*|speech|speak\w*|spoken|sound|call\w*|name|told|asked|shout\w*|request"
_EYES: tuple[tuple[int, str], ...] = (
    (
        1,
        r"(?:no|not|without|never|does(?:n't| not)|did(?:n't| not))\b[^.;]{0,25}\b(?:eyes?[- ]open\w*|"
        r"open\w*[^.;]{0,15}eyes?)|eyes (?:remain\w* |were |are |kept )?closed",
    ),
    (
        2,
        rf"(?:eyes?[^.;]{{0,25}}open\w*|open\w*[^.;]{{0,15}}eyes?)[^.;]{{0,40}}\b(?:{_PAIN})|"
        rf"(?:{_PAIN})[^.;]{{0,40}}(?:eyes?[^.;]{{0,15}}open|open\w*[^.;]{{0,15}}eyes?)",
    ),
    (
        3,
        rf"(?:eyes?[^.;]{{0,25}}open\w*|open\w*[^.;]{{0,15}}eyes?)[^.;]{{0,40}}\b(?:{_VOICE})|"
        rf"\b(?:{_VOICE})\b[^.;]{{0,60}}(?:eyes?[^.;]{{0,15}}open|open\w*[^.;]{{0,15}}eyes?)",
    ),
    (
        4,
        r"eyes?[^.;]{0,25}open\w*[^.;]{0,20}spontaneous\w*|spontaneous\w*[^.;]{0,25}(?:eye[- ]open\w*|"
        r"open\w*[^.;]{0,15}eyes?)|\balert[^.;]{0,30}\beyes open",
    ),
)
_VERBAL: tuple[tuple[int, str], ...] = (
    (
        1,
        r"\b(?:no|without) (?:verbal|vocal) (?:response|output)|non-?verbal|no speech|(?:does|did) not (?:speak|"
        r"vocali[sz]e|make (?:any |a )?sounds?|respond verbally)|\bmute\b|\b(?:made|makes|making|uttered|produced|"
        r"gave|with) "
        r"no (?:\w+ )?(?:sounds?|noises?|vocali[sz]ations?|verbal|speech|words)|\b(?:silent|no vocali[sz]ation|V1T?\b)",
    ),
    (2, r"incomprehensible|\bmoan\w*|\bgroan\w*|unintelligible"),
    (3, r"inappropriate (?:words?|speech|language|responses?)|words?[^.;]{0,20}inappropriate"),
    (4, r"\bconfus\w+|disoriented|not oriented|tangent\w*|rambling"),
    (5, r"(?<!dis)(?<!not )(?<!ill-)\boriented\b|normal conversation|converses normally"),
)
_MOTOR: tuple[tuple[int, str], ...] = (
    (1, r"\bno (?:voluntary |spontaneous |motor )?(?:movements?|motor response)|no response to pain\w*|\bflaccid"),
    (
        2,
        r"\bexten(?:sion|sor|ds|ding)\b[^.;]{0,50}(?:pain\w*|stimul\w+|postur\w+|respon\w+)|(?:pain\w*|"
        r"stimul\w+)[^.;]{0,50}\bexten(?:sion|sor|ds)|decerebrate",
    ),
    (3, r"(?:abnormal|decorticate) (?:flexion|postur\w+)|\bdecorticate|\bflexion (?:to|in response)"),
    (
        4,
        r"\bwithdr(?:aw\w*|ew)\b[^.;]{0,60}(?:pain\w*|stimul\w+|pinch\w*|respon\w+|extremit\w+)|(?:pain\w*|pinch\w*|"
        r"stimul\w+)[^.;]{0,80}\bwithdr(?:aw|ew)",
    ),
    (5, r"locali[sz]\w+[^.;]{0,30}(?:pain\w*|stimul\w+)|(?:pain\w*|stimul\w+)[^.;]{0,40}\blocali[sz]"),
    (
        6,
        r"(?:obey\w*|follow\w*|respond\w* to)[^.;]{0,30}\b(?:commands?|instructions?)|commands?[^.;]{0,20}(?:obeyed|"
        r"followed)|mov\w+ (?:all|both|his|her)[^.;]{0,30}(?:on|to|upon) command",
    ),
)
_SCALES = (("vital.gcs_eye", _EYES), ("vital.gcs_verbal", _VERBAL), ("vital.gcs_motor", _MOTOR))
_PARTS = re.compile(
    r"\bE(?:yes?|ye[- ]opening)?(?: response)?[\s:=(-]*(?P<e>[1-4])\)?[\s,;/+-]*(?:and )?"
    r"(?:best )?V(?:erbal)?(?: response)?[\s:=(-]*(?P<v>[1-5])\)?[\s,;/+-]*(?:and )?"
    r"(?:best )?M(?:otor)?(?: response)?[\s:=(-]*(?P<m>[1-6])\b",
    re.I,
)
_PARTS_BY_NAME = {
    "vital.gcs_eye": re.compile(
        r"\beyes?(?:[- ]opening)?(?: response| score)?[\s:=(of-]{0,6}(?P<n>[1-4])(?![\d.])", re.I
    ),
    "vital.gcs_verbal": re.compile(r"\bverbal(?: response| score)?[\s:=(of-]{0,6}(?P<n>[1-5])(?![\d.])", re.I),
    "vital.gcs_motor": re.compile(r"\bmotor(?: response| score)?[\s:=(of-]{0,6}(?P<n>[1-6])(?![\d./])", re.I),
}

_ASCITES = (
    (
        "none",
        r"\b(?:no|without|denie[sd]|absence of|negative for|free of|neither|nor|never had|not have|ruled out|not "
        r"reveal|"
        r"not show)\b[^.;:]{0,60}\bascites\b|\bascites\b(?: (?:and|or|nor) (?:\w+ "
        r")?encephalopathy)?[^.;,]{0,20}(?:\b(?:"
        r"absent|none|nil|(?:was|were) (?:not|absent|excluded|ruled out)|not (?:present|detect\w+|seen|evident|found)|"
        r"negative|excluded|resolved)\b|\(-\)|\(−\))|无腹水",
    ),
    (
        "moderate",
        r"(?:moderate|severe|large|massive|tense|refractory|gross|marked|significant|large-volume|"
        r"diuretic-resistant)(?:[\s-]+(?:to severe|volume|amount of|abdominal))*[\s-]+ascites|"
        r"ascites[^.;]{0,20}(?:moderate|severe|large|massive|tense|refractory)|大量腹水|中等量腹水",
    ),
    (
        "slight",
        r"(?:mild|slight|small|minimal|trace|minor|controlled|scant|little)(?:[\s-]+(?:volume|amount of|"
        r"abdominal|perihepatic|palpable|residual|detectable|visible))*[\s-]+ascites|ascites[^.;]{0,20}(?:mild|slight|small|minimal|trace|"
        r"controlled)|少量腹水",
    ),
)
_NO_ENCEPHALOPATHY = re.compile(
    r"\b(?:no|without|denie[sd]|absence of|negative for|free of|neither|nor|never had|not have)\b[^.;:]{0,60}\b"
    r"encephalopathy|encephalopathy(?: (?:and|or|nor) ascites)?[^.;,]{0,20}(?:\b(?:absent|none|nil|not (?:present|"
    r"evident|found|detected)|(?:was|were) (?:not|absent|excluded))\b|\(-\)|\(−\))|(?:encephalopathy|"
    r"\b(?-i:HE)\b)\s*[:=|-]\s*"
    r"(?:no|none|nil|absent|negative|0)\b|\bno (?-i:HE)\b|无肝性脑病|无扑翼样震颤|扑翼样震颤\s*[（(]?[-－阴][)）性]?|"
    r"\bno (?:asterixis|(?:liver |hepatic )?flap)\b|\b(?:asterixis|liver flap)[^.;,]{0,8}\b(?:absent|negative|nil)\b",
    re.I,
)
_GRADE = re.compile(
    r"(?:grade|West[- ]Haven(?: grade)?)\s*(?P<g>[0-4]|I{1,3}V?|IV)\b[^.;]{0,40}encephalopathy|"
    r"(?:encephalopathy|\b(?-i:HE)\b)[^.;]{0,25}(?:gr(?:ade|\.)?|stage)\s*(?P<h>[0-4]|I{1,3}|IV)\b",
    re.I,
)
_EARLIER = re.compile(
    r"\b(?:(?:in|since) (?:19|20)\d\d|(?:years?|months?|weeks?) (?:ago|earlier|before|previously)|last (?:year|month|"
    r"summer|winter|"
    r"spring|autumn|fall|admission|time)|previously|formerly|history of|in the past|at that time|had (?:been|had|"
    r"needed))\b",
    re.I,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}

_LMP = re.compile(
    r"\b(?:last (?:normal |regular |known )?(?:menstrual (?:period|date|bleeding|cycle)|menses|menstruation|period)|"
    r"LMP|"
    r"LNMP|first day of (?:her |the )?last (?:normal )?(?:menstrual )?(?:period|cycle|menses))\b|末次月经",
    re.I,
)
_TODAY = re.compile(
    r"\b(?:today(?:'s date)?|(?:current|present) date|date (?:of|today)(?: (?:the |this )?(?:examination|visit|exam|"
    r"presentation|admission|scan|appointment|assessment|consultation))?|(?:visit|exam|examination) date)\b|"
    r"检查日期|今日",
    re.I,
)
_BEFORE_TODAY = re.compile(r"[\s,(]*(?:\()?\s*today\b", re.I)
_VISIT = re.compile(
    r"\b(?:attend\w*|seen|presents?|presented|visit\w*|review\w*|examined|came|comes|admitted|consult\w*|assess\w*|"
    r"evaluated|appointment|booking|clinic|scan\w*|ultrasound|referred)\b[^.;]{0,60}$",
    re.I,
)
_EXPECTED = re.compile(r"\b(?:EDD|EDC|due|expected|deliver\w*|born|birth|estimated date)\b[^.;]{0,40}$", re.I)
_LONGEST_PREGNANCY_D = 310
_CYCLE = re.compile(
    r"\b(?P<n>\d{2})[\s-]*days?(?:['’])?[\s-]*(?:long\s+)?(?:menstrual\s+)?cycles?\b|"
    r"\bcycles?\b[^.;\d]{0,40}\b(?P<m>\d{2})[\s-]*days?\b|\bmenstruat\w+ every (?P<k>\d{2}) days\b",
    re.I,
)
_ANCESTRY = (
    ("black", r"African[- ]?American|Afro-?Caribbean|Black(?= (?:man|woman|male|female|patient|gentleman|lady))"),
    ("white", r"Caucasian|White(?= (?:man|woman|male|female|patient|gentleman|lady))"),
    ("hispanic", r"Hispanic|Latin[ao]\b"),
    ("asian", r"\b(?:Asian|Chinese|Japanese|Korean|Vietnamese|Indian|Filipin[ao])(?= (?:man|woman|male|female|patient|"
              r"gentleman|lady|boy|girl|ancestry|descent|origin|ethnicity|heritage))|\b(?:Han|ethnic) Chinese\b|"
              r"\bof (?:\w+ )?Asian (?:descent|origin|ancestry)\b|[汉壮满回苗彝]族(?!自治)"),
)  # fmt: skip
# The groups of the Gail model that an ancestry as written tells without doubt.
_GAIL_GROUP = {"black": "black", "white": "white", "chinese": "chinese", "japanese": "japanese", "filipin": "filipino"}


_CALVES = re.compile(
    r"\bcal(?:f|ves)\b(?:[^.;]|\.(?=\d)){0,60}?(?<![\d.])(?P<one>\d{2}(?:\.\d)?)\s*cm\b"
    r"(?!\s*(?:above|below|distal|proximal|from|under))(?:[^.;\d]|\.(?=\d)){0,40}?"
    r"(?P<other>\d{2}(?:\.\d)?)\s*cm\b",
    re.I,
)
_ABOVE_OR_BELOW = re.compile(r"\s*(?:above|below|distal|proximal|from|under)\b", re.I)
_SWOLLEN_CM = 3.0  # Wells 1997: the calf of one leg is more than 3 cm wider


def _calves(text: str) -> Iterator[Hit | None]:
    """Both calves measured: `the left calf was 41.5 cm and the right calf 37 cm in circumference`."""
    for match in _CALVES.finditer(text):
        if not _ABOVE_OR_BELOW.match(text, match.end()) and float(match["one"]) >= 20 <= float(match["other"]):
            wider = abs(float(match["one"]) - float(match["other"])) > _SWOLLEN_CM
            yield hit("finding.calf_swelling_3cm", wider, None, match.start(), match.end(), "from both calves")


def clinical_hits(document: Document) -> Iterator[Hit]:
    """Coma scale parts, grades of ascites and encephalopathy, pregnancy dates, ancestry."""
    made = [
        *_coma(document),
        *_liver(document),
        *_pregnancy(document),
        *_calves(document.text),
    ]
    for value, pattern in _ANCESTRY:
        match = re.search(pattern, document.text, re.I if value in ("black", "white", "hispanic") else 0)
        if match is not None:
            made.append(hit("patient.ancestry", value, None, match.start(), match.end()))
            written = match[0].casefold() if value == "asian" else value
            group = next((code for word, code in _GAIL_GROUP.items() if word in written), None)
            made.append(hit("patient.gail_group", group, None, match.start(), match.end()) if group else None)
            break
    yield from (found for found in made if found is not None)


def _coma(document: Document) -> Iterator[Hit | None]:
    """Parts written as E4 V5 M6, or described; words count only where at least two of the three parts are."""
    match = _PARTS.search(document.text)
    if match is not None:
        for key, name in (("e", "vital.gcs_eye"), ("v", "vital.gcs_verbal"), ("m", "vital.gcs_motor")):
            yield hit(name, int(match[key]), None, match.start(), match.end())
        return
    found: dict[str, Hit] = {}
    named = {name: pattern.search(document.text) for name, pattern in _PARTS_BY_NAME.items()}
    if all(named.values()):
        yield from (hit(n, int(m["n"]), None, m.start(), m.end()) for n, m in named.items() if m is not None)
        return
    for name, scale in _SCALES:
        for value, pattern in scale:
            said = re.search(pattern, document.text, re.I)
            made = hit(name, value, None, said.start(), said.end()) if said else None
            if made is not None:
                found[name] = made
                break
    if len(found) >= 2:
        yield from found.values()


def _liver(document: Document) -> Iterator[Hit | None]:
    text = document.text
    found = [(value, m) for value, pattern in _ASCITES for m in re.finditer(pattern, text, re.I)]
    present = [pair for pair in found if not _of_the_past(document, pair[1])] or found
    for value, said in present[:1]:
        yield hit("grade.ascites", value, None, said.start(), said.end())
    grade = _GRADE.search(text)
    if grade is not None:
        number = (grade["g"] or grade["h"]).upper()
        yield hit("grade.encephalopathy", _ROMAN.get(number) or int(number), None, grade.start(), grade.end())
    elif (match := _NO_ENCEPHALOPATHY.search(text)) is not None:
        yield hit("grade.encephalopathy", 0, None, match.start(), match.end())


def _of_the_past(document: Document, match: re.Match[str]) -> bool:
    """Whether the words before a match in its sentence, or right after it, date it to an earlier time."""
    sentence = document.sentence_at(match.start())
    before, after = document.text[sentence.start : match.start()], document.text[match.end() : match.end() + 35]
    return _EARLIER.search(before) is not None or _EARLIER.match(after.lstrip(" ,(")) is not None


def _pregnancy(document: Document) -> Iterator[Hit | None]:
    last = _dated(document, "obstetric.last_menstrual_period", _LMP)
    if last is None:
        return
    yield last
    yield _dated(document, "obstetric.examination_date", _TODAY, last) or _day_of_today(document, last)
    cycle = _CYCLE.search(document.text)
    if cycle is not None:
        days = int(cycle["n"] or cycle["m"] or cycle["k"])
        yield hit("obstetric.cycle_length", days, "d", cycle.start(), cycle.end())


def _dated(document: Document, name: str, label: re.Pattern[str], other: Hit | None = None) -> Hit | None:
    """The first date after a label (or, where none follows, before it in its sentence) that is not the `other` one."""
    for match in label.finditer(document.text):
        sentence = document.sentence_at(match.start())
        found = date_in(document.text[match.end() : sentence.end])
        start, end = (match.start(), match.end() + found[2]) if found else (0, 0)
        if found is None:
            found = date_in(document.text[sentence.start : match.start()])
            start, end = (sentence.start + found[1], match.end()) if found else (0, 0)
        if found is not None and (other is None or str(other.fact.value) != found[0].isoformat()):
            return hit(name, found[0].isoformat(), None, start, end)
    return None


def _day_of_today(document: Document, last: Hit) -> Hit | None:
    """A date that is called today, that of a visit, or the only other date within a pregnancy after the last period."""
    at, dates = 0, []
    begun = dt.date.fromisoformat(str(last.fact.value))
    while (found := date_in(document.text[at:])) is not None:
        day, start, end = found[0], at + found[1], at + found[2]
        if _BEFORE_TODAY.match(document.text[end:]):
            return hit("obstetric.examination_date", day.isoformat(), None, start, end)
        if 0 < (day - begun).days <= _LONGEST_PREGNANCY_D:
            dates.append((day, start, end))
        at = end
    dates = [d for d in dates if not _EXPECTED.search(document.text[max(0, d[1] - 60) : d[1]])]
    visits = [d for d in dates if _VISIT.search(document.text[document.sentence_at(d[1]).start : d[1]])]
    if len({day for day, _, _ in visits}) == 1:
        day, start, end = visits[0]
        return hit("obstetric.examination_date", day.isoformat(), None, start, end, "the date of the visit")
    if len({day for day, _, _ in dates}) == 1:
        day, start, end = dates[0]
        return hit("obstetric.examination_date", day.isoformat(), None, start, end, "the only other date of the note")
    return None
