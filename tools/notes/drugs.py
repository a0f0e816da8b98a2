"""Drugs and allergies: taken, stopped, planned, or not tolerated, and inline headings such as `Allergies:`."""

from __future__ import annotations

import re
from dataclasses import replace

from knowledge.facts import Fact, vocabulary
from tools.notes.context import Context
from tools.notes.document import Document, Sentence
from tools.notes.terms import Term

_STOPPED = re.compile(
    r"\bstop\s+(?:tab|cap|inj)?\.?\s*$|\b(?:switched|changed|converted) from\s+$|"
    r"(?:discontinu|stopp|withdr|ceased|held|off)\w*\b(?:(?!\b(?:when|as|because|since|for|once|after|and)\b)[^.;,]){0,25}$|"
    r"(?:停用|已停|停服|停)[^，。；]{0,4}$",
    re.I,
)
# `Stop ticagrelor at 12 months` leaves it taken now.
_STOPPED_LATER = re.compile(r"[^.;]{0,12}\b(?:at|after|in|when|once|if|before|on the|from) ", re.I)
# The word for the stop after the drug, with a dose between at most.
_STOPPED_AFTER = re.compile(
    r"^[^.;,]{0,25}\b(?:was|were|has been|had been)\s+(?:discontinued|stopped|withdrawn|held|ceased)|"
    r"^(?:\s+\d[\d.,/]*\s*(?:mg|mcg|g|µg|IU|units?)?)?(?:\s*(?:od|bd|tds|qds|daily))?\s*(?:[-–:(]\s*|now\s+|is\s+)?"
    r"(?:stopped|held|on hold|withheld|discontinued|ceased|d/c'?d|suspended|paused)\b(?!\s+(?:smoking|drinking))|"
    r"^[^.;]{0,60}?\b(?:and|but|then|,)\s+(?:was |were |had )?(?:stopped|discontinued|ceased)\b"
    r"(?!\s+(?:smoking|drinking))|^\s+then\s*[,;]|"
    r"^[^.;,]{0,15}\b(?:was |were |has been |had been )?(?:never|not) (?:given|taken|started|used|prescribed)\b|"
    r"^(?:\s+[\w-]+){0,2},?\s+(?:until|(?:now|since|then) stopped)\b|^[^，。；]{0,10}(?:已停用?|停用)",
    re.I,
)
_PLANNED = re.compile(
    r"\b(?:initiate|start|begin|prescribe|recommend\w*|plan to (?:start|give)|will (?:start|give|add|begin|prescribe)|"
    r"switch to|add|trial of|offer\w*|avoid\w*|asks? about|asked about|asking about|propos\w+|"
    r"declin\w+|refus\w+|discuss\w*|suggest\w*|consider(?:s|ed|ing)?|wonder\w*|mention(?:s|ed)?|"
    r"wants? (?:to (?:start|try|go on|have)|an?\b)|ran out of|run out of|omit\w*|"
    r"non-?(?:adherent|compliant) (?:with|to))\b[^.;]{0,45}$|"
    r"\b(?:d/c|discharge[ds]?|sent?) home (?:on|with)\s+[^.;]{0,30}$|"
    r"\b(?:plan|proposal|suggestion)(?: (?:of|by|from) (?:the )?\w+)?(?:\s*\([\w ]{1,20}\))?\s*[:：]\s*"
    r"(?:[^.:]|\.\d){0,120}$|"
    r"\b(?:re)?(?:check|measure)\b[^.;]{0,80}$|"
    r"\bfirst[- ]?line\b[^.;]{0,30}=\s*$|\b(?:reg|registrar|SHO|resident|trainee|junior)\s*[:：][^.;]{0,90}$|"
    r"(?:建议|拟|计划|准备)[^。；]{0,12}$",
    re.I,
)
_PLANNED_AFTER = re.compile(
    r"^\s*(?:was |were |has been |have been )?(?:discussed|offered|considered|suggested|mentioned)\b|"
    r"^[^.;]{0,60}?\bnot (?:yet )?(?:been )?(?:started|commenced|prescribed)\b|"
    r"^[^.;,]{0,20}\b(?:to (?:be )?start(?:ed)?|declined|refused|planned|proposed|suggested)\b|"
    r"^\s*(?:given)?\s*\?\s*(?:no|not)\b|"
    r"^\s*(?:\d[\d.]*\s*\w+\s*){0,2}(?:only )?(?:if|unless|in case)\b(?! (?:needed|required|necessary))",
    re.I,
)
_TAKES = re.compile(
    r"\b(?:on|takes?|taking|continues|maintained on|treated with|using)\s+(?:[\w-]+\s){0,2}$|"
    r"(?:服用?|口服|使用|应用|予)[^，。；]{0,4}$",
    re.I,
)
# A sentence on the drug in general, not on what this patient takes: `codeine is ineffective in poor metabolisers`.
_IN_GENERAL = re.compile(
    r"^\s+(?:is|are|has|have|should|may|can|must|would|will|needs?)\s+(?:generally |usually |likely |best |to )*"
    r"(?:be )?(?:not )?(?:be )?"
    r"(?:in-?effective|less effective|contra-?indicated|metaboli[sz]ed|(?:not )?recommended|avoided|activated|"
    r"converted|a pro-?drug|"
    r"prodrugs?|unsafe|safe|reduced efficacy|no effect|work|not work|used with caution|effective)\b",
    re.I,
)
# What a question asks about is not taken: `which anticoagulant?`
_ASKED = re.compile(
    r"^\W*(?:which|what|should|shall|can|could|would|is it|do we|does (?:he|she) need|when|how|who|why)\b[^.]*\?\s*$|"
    r"^[^。]*(?:哪种|何种|什么|是否|能否)[^。]*[？?]\s*$",
    re.I,
)
# `Statin-intolerant (myalgia on rosuvastatin and atorvastatin)` names drugs that were given up.
_INTOLERANT = re.compile(
    r"\bintoleran\w*\b(?! (?:to|of))[^.;)]{0,60}(?:\b(?:on|with|to|from|tried|after|both)\b|\()[^.;)]{0,50}$|"
    r"\b(?:myalgias?|muscle pains?|cough|"
    r"angio-?o?edema|side[- ]effects?)\s+(?:on|with|from|due to)\s+(?:both\s+)?(?:\w+(?:\s*,\s*|\s+and\s+|\s*/\s*))*$",
    re.I,
)
# Results of sensitivity testing: `R to pip-taz and ceftriaxone, S to meropenem`, `resistant to X`.
_TESTED = re.compile(
    r"(?:(?-i:\b[RSI])\s+to|\b(?:resistan(?:t|ce)|sensitiv\w+|susceptib\w+|non-?susceptible)(?:\s+(?:only\s+)?(?:to|:))?|"
    r"(?-i:\b[RSI]):)\s+(?:[\w/-]+(?:\s*,\s*|\s+and\s+|\s*&\s*|\s+or\s+))*$|"
    r"(?:耐药|敏感|中介)[：:]?(?:[^，。；、]+、)*$",
    re.I,
)
_TESTED_AFTER = re.compile(r"^\s*[-:=(]?\s*(?:(?-i:[RSI])\b(?![-/])|resistant|sensitive|susceptible|耐药|敏感)", re.I)
# `Previously on amiodarone` says neither that it is taken nor that it is not.
_ONCE_ON = re.compile(
    r"\b(?:previously|formerly|once|(?:was|were|had been) (?:previously|once)) (?:on|taking|took)\s+$", re.I
)
_ALLERGIC = re.compile(
    r"\b(?:allerg(?:ic|y|ies)\s+(?:to|with)|allergic\s*[(:-]|allerg(?:y|ies)\s*[:=-]|"
    r"\ballergic (?:to )?[\w-]+\s*[-–(:]\s*$|\ballerg(?:y|ies)\b(?! clinic)[^.;]{0,25},\s*$|"
    r"hypersensitiv\w+ to|anaphyla\w+ (?:to|with|after)|"
    r"intoleran\w+ (?:to|of)|\bintoleran(?:ces?|ts?)\s*[:=-]|"
    r"\b(?:rash|hives|urticaria|anaphylaxis|exanthema?) (?:after|with|to)\s(?:\w+\s)?$|ADRs?\s*[:=-])|对$|过敏",
    re.I,
)
_REACTION = (
    r"(?:rash|urticaria|hives|anaphyla\w+|angio-?o?edema|SJS|Stevens|(?:lip|facial|tongue|throat) swelling|wheez\w*|"
    r"bronchospasm|DRESS\b|TEN\b|itch\w*|pneumonitis|lung)"
)
# `Penicillin: anaphylaxis as child`, `amoxicillin - urticaria`, `aspirin (wheeze)`, `penicillin allergic`.
_CAUSED_BY_A_DRUG = re.compile(
    r"\b(?:drugs?|sulfa\w*|sulpha\w*|\w+(?:cillin|mycin|oxacin|trim\w*|azole|cycline)s?|cephalosporins?|NSAIDs?|latex|contrast)\b"
    r"[^.;,]{0,12}\b(?:cause[ds]?|causing|gave|gives?|brings?|brought)\b[^.;,]{0,15}$",
    re.I,
)
_REACTED = re.compile(
    rf"^\s*(?:allerg|hypersensitiv|过敏)|^类?皮试(?:结果)?[:：]?\s*(?:阳性|[（(][+＋]+[)）])|^\s*(?:[-–:(→=]|caus(?:e[ds]?|ing)|gave|gives?|"
    rf"(?:brought|brings?) (?:him|her) out in)\s*\(?\s*(?:(?:a|severe|mild|"
    rf"bad|widespread|childhood|skin|generali[sz]ed|her|him)\s+){{0,2}}{_REACTION}",
    re.I,
)
# `Has had cefalexin since without trouble` stands under allergies and says the opposite.
_TOLERATED = re.compile(
    r"^[^.;]{0,40}\bwithout (?:any )?(?:trouble|problems?|reaction|difficulty|incident|event)|"
    r"^[^.;]{0,20}\b(?:was |were |is |are )?(?:well )?tolerated\b|^[^。；]{0,12}(?:无不良反应|可耐受|耐受良好)",
    re.I,
)
# Under allergies `penicillin never given` says that nothing is known.
_NEVER_HAD = re.compile(
    r"^(?:类)?(?:从)?未(?:曾)?(?:使?用|接触|应用)过?|"
    r"^\s*[-:]?\s*(?:was |were |has been |had been )?never (?:been )?(?:given|had|taken|tried|used|exposed)\b",
    re.I,
)
# `Penicillin = tummy upset`: an intolerance, unless a true reaction stands beside it.
_UPSET = re.compile(
    r"^[\s\"”]*(?:[-–:(→=,]|caus\w+|gave|gives?|->)\s*[\s(\"“]*"
    r"(?:(?:just|only|mild|some|a|an|childhood|severe|bad)\s+)*"
    r"(?:(?:tummy|stomach|GI|gastric|gut|abdominal|bowel)[ -]?"
    r"(?:upset|ache|pain|discomfort|symptoms?|side[- ]effects?|intolerance)|"
    r"nausea|vomiting|nausea (?:and|&|/) vomiting|N ?& ?V|N/V|diarrh?o?ea|thrush|dyspepsia|"
    r"heartburn|headaches?|loose stools?|constipation|"
    r"intoleran(?:ce|t))\b|^[：:（(]?(?:仅|只)?(?:胃肠道?不适|胃部?不适|恶心|呕吐|腹泻)",
    re.I,
)
_HAD_SINCE = re.compile(
    r"\b(?:has|have|had)\s+(?:since\s+)?(?:had|taken|received|tolerated)\s+(?P<drug>[\w-]+(?:[ -][\w-]+)?)[^.;]{0,40}\b"
    r"(?:without (?:any )?(?:problems?|trouble|reaction|issues?|difficulty|incident)|"
    r"no (?:problems?|reaction|issues?)|fine|ok|uneventful\w*)\b|"
    r"\btolerated\s+(?P<other>[\w-]+)\b(?! poorly| badly)",
    re.I,
)


def _only_upset(after: str) -> bool:
    """Whether the reaction is an upset of the gut or the like, with none of an allergy beside it."""
    return _UPSET.match(after) is not None and not re.search(rf"(?<!no )(?<!without )\b{_REACTION}", after[:80], re.I)


def _had_since(document: Document, sentence: Sentence, term: Term) -> bool:
    """Whether the note says that a drug of that allergy was taken since without harm."""
    for match in _HAD_SINCE.finditer(document.text[sentence.start : sentence.end]):
        drug = vocabulary().find("medication.", match["drug"] or match["other"])
        drug = drug or vocabulary().find("medication.", (match["drug"] or match["other"]).split()[0])
        name = f"allergy.{drug.partition('.')[2]}" if drug else ""
        related = {name, *(vocabulary().consequences(name, True) if name in vocabulary() else ())}
        classes = {c.partition("class_")[2] for c in vocabulary().consequences(drug, True)} if drug else set()
        if term.name in related or term.name.partition(".")[2].rstrip("s") in classes:
            return True
    return False


_TOLERATES = re.compile(r"\b(?:tolerat\w+|has (?:since )?(?:had|taken|received))\s+(?:\w+\s+){0,2}$", re.I)
_NOT_A_DRUG = re.compile(
    r"\s*(?:was |of |level |: ?)*\d+(?:\.\d+)?\s*(?:(?:µ|μ|u|m)?I?U/m?L|(?:n|p|m|u|µ|μ)?(?:mol|g)/[md]?L)|"
    r"[- ](?:intoleran|like|secret|expression|resist|sensitiv|"
    r"receptor|antibod|producing|antagon|assay|degrad)|\s*(?:level|concentration|resistan|-resistan|challenge|toxicity)",
    re.I,
)


def tells_of_an_allergy(document: Document, sentence: Sentence, start: int) -> bool:
    """Whether a mention at `start` stands under or after words for an allergy, as the reactions of a drug do."""
    before = document.text[sentence.start : start]
    return sentence.section.kind == "allergies" or bool(_ALLERGIC.search(before) or _CAUSED_BY_A_DRUG.search(before))


def _says_nothing(before: str, after: str) -> bool:
    """Whether the words beside a drug speak of something else than that it is taken."""
    return bool(
        _NOT_A_DRUG.match(after)
        or _TESTED.search(before)
        or _TESTED_AFTER.match(after)
        or _IN_GENERAL.match(after)
        or _ONCE_ON.search(before)
        or _INTOLERANT.search(before)
    )


# `SHO: "oral cipro + augmentin and home?"`, `Plan (intern): d/c home on Augmentin`.
_QUOTED_QUESTION = re.compile(r"[\"“][^\"“”]{0,120}\?\s*[\"”]")


def is_proposed(document: Document, start: int) -> bool:
    """Whether characters at `start` stand in a question that the note quotes."""
    near = document.text[max(0, start - 130) : start + 130]
    at = start - max(0, start - 130)
    return any(m.start() < at < m.end() for m in _QUOTED_QUESTION.finditer(near))


def is_asked(document: Document, sentence: Sentence) -> bool:
    """Whether a sentence is a question, of which no drug is taken for that."""
    return _ASKED.match(document.text[sentence.start : sentence.end]) is not None


# Catecholamines and hormones that the laboratory measures under the name of a drug.
_ALSO_MEASURED = frozenset(
    {"medication.norepinephrine", "medication.epinephrine", "medication.dopamine", "medication.vasopressin"}
)
_MEASURED_IN = re.compile(
    r"\b(?:plasma|urin\w+|serum|24[- ]?h\w*|meta|free|fractionated)\W*(?:\w+\W+)?$|(?:甲氧基|变|血浆|血清|尿|游离)$",
    re.I,
)


def drug_fact(document: Document, sentence: Sentence, term: Term, context: Context) -> tuple[Fact, Context] | None:
    """The fact that a drug's name says, and its context; None where it says nothing of what the patient takes."""
    before = document.text[sentence.start : term.start]
    after = document.text[term.end : sentence.end]
    measured = term.name in _ALSO_MEASURED and _MEASURED_IN.search(before)
    if measured or _TOLERATED.match(after) or (sentence.section.kind == "allergies" and _TOLERATES.search(before)):
        return None
    allergic = tells_of_an_allergy(document, sentence, term.start) or _REACTED.match(after) is not None
    is_allergy = term.name.startswith("allergy.")
    if allergic != is_allergy or context.experiencer != "patient":
        return None
    if is_allergy and (_NEVER_HAD.match(after) or _only_upset(after) or _had_since(document, sentence, term)):
        return None
    if is_allergy:
        return Fact(name=term.name, value=not context.negated), replace(context, time="current")
    of_the_past = context.time == "historical" and sentence.section.kind != "past" and not _TAKES.search(before)
    if of_the_past or _says_nothing(before, after) or is_asked(document, sentence):
        return None
    stopped = bool(_STOPPED.search(before) and not _STOPPED_LATER.match(after)) or bool(_STOPPED_AFTER.match(after))
    if _PLANNED.search(before) or _PLANNED_AFTER.match(after) or is_proposed(document, term.start):
        context = replace(context, time="hypothetical")
    elif context.time == "historical":
        context = replace(context, time="current")
    return Fact(name=term.name, value=not (context.negated or stopped)), context
