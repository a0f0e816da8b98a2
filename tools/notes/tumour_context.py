"""What the words around a mention of a tumour finding say of it: denied, uncertain, planned, of another person.

Narrower than `context.py`: telegraphic oncology notes string findings by commas, so a denial ends at a comma, and a
word such as `risk` or `versus` alone does not make a diagnosis uncertain.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tools.notes.context import Context, context_of
from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_UNCERTAIN_BEFORE = re.compile(
    r"(?:\b(?:suspicious (?:for|of)|suspicion (?:of|for)|suspect(?:ed|s)?|possib(?:le|ly)|probab(?:le|ly)|query|"
    r"rule out|r/o|to exclude|cannot exclude|concern(?:ing)? for|worrisome for|may be|might be|could be|if|whether|"
    r"risk of|screen(?:ing|ed)? for|in case of|in the event of|await(?:ing|s)?|pending|request(?:ed|"
    r"ing)?|test(?:ed|ing)? for|to look for|"
    r"surveillance for|predispos\w+ to|question of|indeterminate for|differential(?: diagnosis)?(?: includes)?|"
    r"versus|vs)\b|\?|？|可能|疑似|怀疑|待排|不除外|警惕|考虑|疑)(?:(?!confirm|proven)[^.;,，。；]){0,60}$",
    re.I,
)
_UNCERTAIN_AFTER = re.compile(
    r"^[^.;,，。；]{0,30}?(?:\b(?:pending|await\w*|to follow|not yet|requested|to be (?:done|tested|confirmed|excluded|"
    r"determined)|suspected|cannot be excluded|not excluded|not tested|not done|not (?:been )?(?:performed|assessed)|"
    r"unknown|not available|has not been done|outstanding)\b|\?|？|未做|未查|待|不能除外|不除外|可能)",
    re.I,
)
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:no|without|negative for|free of|free from|absence of|den(?:ies|ied)|not|never|nor|exclud(?:es|ed|ing)|"
    r"ruled out|clear of|neither)\b(?![^.;,，。；]*\b(?:but|however|now|with|then|showed|shows|revealed)\b)|\bnon-?)"
    r"[^.;,:，。；：]{0,70}$|(?:无|未见|没有|未发现|否认|未伴|排除|未(?!行|用|接受|经过|服|使用))"
    r"[^，。；、：:]{0,12}$|未(?:行|用|接受|使用|服用?)过?$",
    re.I,
)
_DENIED_AFTER = re.compile(
    r"^\s*[:：]\s*(?:none|no(?=\s*(?:[.;,]|$))|absent|negative|nil|neg|无|阴性)\b|"
    r"^(?:\s*\([^()\n]{0,40}\))?(?: or [^.;:,()]{3,40}?(?= (?:not|negative|absent)\b))?"
    r"[^.;:,：，。；()]{0,25}?(?:\b(?:(?<![A-Za-z0-9][-–])(?<!\b[EP]R )(?<!\bHER2 )negative|absent|"
    r"not (?:seen|present|detected|identified|found|involved|reached)|none|"
    r"excluded|ruled out|nil|neg)\b|(?:阴性|未见|未检出|（-）|\(-\)|：无|:无))",
    re.I,
)
PLANNED = re.compile(
    r"\b(?:plan(?:s|ned|ning)?|propos(?:e|es|ed|al)|consider(?:ed|ing|s|ation)?|discuss(?:ed|ing|ion)?|candidates?|"
    r"offer(?:ed|ing)?|recommend(?:s|ed|ation)?|schedul\w+|await\w*|will|to (?:have|undergo|start|receive|begin|be)|"
    r"eligib\w+|fit for|suitable for|declin\w+|refus\w+|versus|vs|options?|advis\w+|intend\w*|should|would|could|"
    r"starting|for (?:neo-?)?adjuvant|referred for|elective|listed for|asks? about|unfit for|contraindicat\w+)\b|"
    r"\bfirst[- ]line\b[^.;]{0,30}=\s*$|\b(?:reg|registrar|SHO|resident|trainee)\s?:|拟|建议|"
    r"考虑|计划|准备|拒绝|择期",
    re.I,
)
_POSITIVE_ITSELF = re.compile(r"(?:positive|阳性|\+)$", re.I)
_DONE_AFTER = re.compile(r"^[^.;]{0,30}?\b(?:done|completed|performed|in (?:\w+ )?(?:19|20)\d\d)\b", re.I)
_PLANNED_AFTER = re.compile(
    r"^[^.;]{0,40}?(?:\bwould be\b|, (?:to )?(?:begin(?:ning)?|start(?:ing)?) (?:in|on|next|with)\b)|"
    r"^,? (?:only )?(?:if|when|once|in case)\b|^[^.;。；]{0,40}?\b(?:planned|proposed|to (?:start|"
    r"be (?:discussed|considered|started))|recommended|next week|"
    r"declined|refused|is (?:an option|considered|recommended)|scheduled|suggested)\b",
    re.I,
)
_TUMOUR_WORD = re.compile(
    r"cancer|carcinoma|oncolog|tumou?r|lymphoma|leuka?emi|melanoma|sarcoma|malignan|metasta|neoplas|myeloma|blastoma|glioma|"
    r"astrocytoma|"
    r"NSCLC|SCLC|washout|seminoma|adenoca|(?-i:\bca\b)|\bCa (?:rectum|colon|breast|lung|prostate|stomach)|TNBC|"
    r"Gleason|\b(?:breast|lung|prostate|colon|bladder|rectal|ovarian) ca\b|\b[cp]T[1-4][a-d]?|"
    r"\bm?(?:HCC|RCC|CRC|CRPC|CSPC|HSPC)\b|GIST|PDAC|(?-i:\bIDH[12]\b|\bNRAS\b|"
    r"\bEGFR\b(?! ?\d)|\bALK\b(?! ?(?:phos|\d))|\bROS1\b|"
    r"\b(?:AML|APL|CLL|CML|MDS|B-ALL|T-ALL)\b|\bKRAS\b|\bBRAF\b|\bHER-?2\b|PD-?L1|\bMSI-?H\b)|\b(?:ctDNA|VAF|ESR1|PIK3CA|FGFR[23])\b|\bDTC\b|\bIDC\b|\bDCIS\b|LI-?RADS|\bLR-[1-5M]\b|快进快出|癌|瘤|转移",
    re.I,
)


class Said(NamedTuple):
    """A hit and the context that was read for it."""

    hit: Hit
    context: Context


def about_tumour(text: str) -> bool:
    """Whether a text speaks of a tumour at all."""
    return _TUMOUR_WORD.search(text) is not None


def parts(document: Document, start: int, end: int) -> tuple[str, str]:
    """The text of the sentence before and after a mention."""
    sentence = document.sentence_at(start)
    return document.text[sentence.start : start], document.text[end : max(end, sentence.end)]


def is_uncertain(document: Document, start: int, end: int) -> bool:
    """Whether the mention is suspected, awaited or only asked about."""
    before, after = parts(document, start, end)
    return bool(_UNCERTAIN_BEFORE.search(before) or _UNCERTAIN_AFTER.match(after))


def denial(document: Document, start: int, end: int) -> tuple[int, int] | None:
    """The characters, mention included, that deny it; None where it is not denied."""
    before, after = parts(document, start, end)
    match = _DENIED_BEFORE.search(before)
    if match is not None:
        return start - len(before) + match.start(), end
    if _POSITIVE_ITSELF.search(document.text[start:end]):
        return None  # `hormone receptors positive, HER2 negative`: the next result is not this one's
    later = _DENIED_AFTER.match(after)
    return (start, end + later.end()) if later is not None else None


def is_planned(document: Document, start: int, end: int) -> bool:
    """Whether the mention is a proposal, a plan or something refused."""
    before, after = parts(document, start, end)
    done = re.search(r"\b(?:after|following|completed|received|underwent|status post|s/p)\b", before, re.I)
    if document.sentence_at(start).section.kind == "plan" and done is None and not _DONE_AFTER.match(after):
        return True
    clause = re.split(r"[;；]|\b(?:after|following|completed|received|underwent)\b", before)[-1]
    return bool(PLANNED.search(clause) or re.search(r"\bfor\s+$", clause, re.I) or _PLANNED_AFTER.match(after))


def is_other(document: Document, start: int, end: int) -> bool:
    """Whether the mention is of a relative or another person."""
    context = context_of(document, document.sentence_at(start), start, end)
    return context.experiencer != "patient"


# `Resident: the primary was HER2 negative, letrozole proposed`: what a plan rests on is no result.
_RECEPTORS = ("biomarker.ER", "biomarker.PR", "biomarker.HER2", "biomarker.hormone_receptor")
_OF_THE_PRIMARY = re.compile(
    r"原发灶|原发肿瘤|\b(?:primary|original|first|initial) (?:tumou?r|biopsy|lesion|pathology|was|is)\b", re.I
)
_PREMISE_OF = re.compile(r"拟|建议|计划|\b(?:propos\w+|suggest\w*|plans?|planned|would|wants to|favou?rs?)\b", re.I)


def _is_premise(document: Document, start: int) -> bool:
    before, after = parts(document, start, start)
    return _OF_THE_PRIMARY.search(before) is not None and _PREMISE_OF.search(after) is not None


def said(
    document: Document, name: str, value: bool | int | float | str, start: int, end: int,
    unit: str | None = None, assumed: str | None = None,
) -> Said | None:  # fmt: skip
    """A fact of the patient; hypothetical where the words are uncertain, None where it is of another person."""
    if not name.startswith("family_history.") and is_other(document, start, end):
        return None
    if name.startswith(_RECEPTORS) and _is_premise(document, start):
        return None
    made = hit(name, value, unit, start, end, assumed)
    time = "hypothetical" if is_uncertain(document, start, end) else "current"
    return Said(made, Context(negated=value is False, time=time)) if made else None  # type: ignore[arg-type]
