"""Names that are of a disease, a sign, a scale, an instrument, a maker or an antigen, by the words beside them."""

from __future__ import annotations

import re

from tools.deid.dictionary import EPONYM_HEADS, EPONYM_PAIRS, LISTED, SURE_EPONYMS, clinical_words, look_up, word_list

_SCALES, _OWNED, _TITLES = word_list("eponym_scales"), word_list("eponyms_alone"), word_list("titles")
_HEADINGS = word_list("headings")
_HEADS_A_FIELD = re.compile(r"[ \t]*(?:[:#]|\.?[ \t]?\d)")
# `circle of Willis`, `Morse 55`, and `Gilbert's` with the disease left out.
_ANATOMY_OF = re.compile(
    r"\b(?:circle|veins?|foramen|sphincter|canal|ligament|angle|nodes?|islets?|ampulla|triangle|tetralogy|loop|duct|"
    r"bundle|pouch|cave|organ|fossa|sulcus|zone|line|trunk|space|fascia|membrane|crypts?|sinus|valves?|muscle|nerve|"
    r"artery|area|layer|tubercle|trigone|plexus|glands?|recess|fold|band|arcade|hiatus|cap|spots?|law)"
    r"[ \t]+of[ \t]+(?:von[ \t]+)?[A-Z][\w'’-]{2,20}$",
    re.IGNORECASE,
)
_GRADED = re.compile(r"[ \t]*(?:[:=][ \t]*)?\d{1,3}(?![\d-]|[ \t]*(?:y\b|yo\b|yrs?|years?|[MF]\b))")
# Words between a person and a word that looks like an eponym's head: `may ring`, `'s left ring finger`.
_BETWEEN = re.compile(
    r"(?:['’]s)?[ \t-]+(?:may|will|can|could|to|did|does|should|would|must|not|and|or|is|was|has|had|who|then|"
    r"left|right|"
    r"own|first|last|new|the|a|his|her|my|no|at|in|on|of|for|with|from)[ \t]"
)
_OWNS_NOTHING = re.compile(r"['’]s(?=[ \t]*(?:[,.;:)\n–-]|$))|(?=['’]?[ \t]*[,.;:)\n])(?<=s)")
_NOTHING = re.compile(r"[ \t]*(?:[,.;:)\n]|$)|[ \t]+(?:and|or)\b")
_WORD = re.compile(r"([^\W\d_](?:[\w'’]|-(?=\w))*?)(?:['’]s?)?$")
_NAMED_BEFORE = re.compile(r"(?P<word>[^\W\d_][\w'’-]{0,20})\.?[ \t]+$")
# A grade or stage behind a listed word: `Garden III`, `Berlin moderate`, `Suzuki grade III`, `Bristol 5-6`.
_LEVEL = re.compile(
    r"[ \t]{0,3}(?:[:=(][ \t]?)?(?:(?:type|grade|stage|class|level|score|group|category|possible|definite|probable|"
    r"mild|moderate|severe|modified|high|low|met|ok|OK)\b|(?:in|out|within)(?=[ \t]*[,;.])|[IVX]{1,4}[ab]?\b|"
    r"\d{1,3}(?:[-/.]\d{1,3})?(?=[ \t]*(?:[,.;:)(\n|x×%]|points?\b|of\b|$|[ \t]\D|[分级型期度类]))"
    r"(?![ \t]*(?:y\b|yo\b|yrs?\b|years?\b|[MF]\b|male|female)))"
)
# The same behind any word that is no given name and no common family name.
_CLASSED = re.compile(
    r"[ \t]{1,3}(?:(?:type|grade|stage|class|level|category)[ \t]+(?:\d|[IVX]{1,4}\b|[A-D]\b)|"
    r"(?:(?:mild|moderate|severe|normal|abnormal|intact)(?:ly)?\b)|(?:II|III|IV|VI|II?[ab])\b|"
    r"\d{1,2}(?=[ \t]*(?:[,;)]|\.(?!\d)|$)))"
)
# What is said of a test, an antigen or a criterion, and never of a person.
_RESULT = re.compile(
    r"(?:\([a-z]\)|[ \t]*\([A-Z][a-z]{1,2}\))?[ \t]{0,3}[-:=(]?[ \t]?(?:(?:neg(?:ative)?|pos(?:itive)?|absent|"
    r"excluded|suspected|unlikely|n/a|n\.d\.|nd|not[ \t]+(?:applicable|needed|met|done|performed|indicated|elicited)|"
    r"unremarkable|equivocal|a-?b[+-]|ab)\b(?!-)|[+±](?=[ \t]*(?:[,.;:)|\n]|$))|\((?:[+±-]|pos|neg)\))"
)
_LOT = re.compile(r"[ \t]*,?[ \t]*(?:lot|batch|ref\.?[ \t]?no|cat(?:alogue)?\.?[ \t]?no|exp)\b[ \t.:#]{0,3}[\w-]*\d")
# What is done with a drug or device: `Difene discontinued`, `Jevity 1.5 @`, `Keppra 500 bid`.
_DOSED = re.compile(
    r"[ \t]{1,3}(?:(?:forte|retard|SR|XL|MR|CR|LA)[ \t]+)?(?:\d{1,5}(?:[.,/]\d{1,4}){0,3}[ \t]?(?:mg|mcg|µg|ug|g|gm|ml|"
    r"mL|units?|IU|IE|%|tabs?|caps?|puffs?|drops|Fr|F|G|mm|cm|bid|tid|qid|od|bd|tds|qds|prn|nocte|mane|daily|@)(?!\w)|"
    r"\d\.\d{1,3}(?!\d)|(?:discontinued|ceased|titrated|tds|bd|qds|prn|nocte|po|iv|im|s/?c|PO|IV|IM|BD|TDS|OD|QDS|"
    r"PRN|SC)\b)"
)
# An eponym joined to the word by `and`, `or`, a comma or a stroke.
_LINK = r"(?:['’]s)?(?:[ \t]+(?:and|or|nor|&)[ \t]+|,[ \t]*(?:and[ \t]+|or[ \t]+)?|[ \t]?/[ \t]?)"
_JOINED_AFTER = re.compile(rf"{_LINK}(?P<word>[^\W\d_][\w’'-]{{2,20}})")
_JOINED_BEFORE = re.compile(rf"(?<![\w-])(?P<word>[^\W\d_a-z][\w-]{{2,20}}?){_LINK}$")
# `Serratia marcescens`: a second word in small letters of Latin ending that no table knows.
_SPECIES = re.compile(r"[ \t](?!gynae)([a-z]{3,}(?:ens|is|ii|ae|us|um|ans|eri|ica|ola|osa|oni|inum|alis))(?![\w-])")


def is_eponym(text: str, end: int) -> bool:
    """Whether the name that ends at `end` is by its neighbours not a person's: `disease` follows, a grade, a lot."""
    following = re.match(r"(?:['’]s)?[ \t-]+(?:[A-Za-z]+[ \t-]+)?([A-Za-z]+)", text[end : end + 40])
    nearest = re.match(r"(?:['’]s)?[ \t-]+([A-Za-z]+)", text[end : end + 30])
    if nearest is not None and nearest[1].lower() in EPONYM_HEADS:
        return True
    if following is not None and following[1].lower() in EPONYM_HEADS and not _BETWEEN.match(text, end):
        return True
    if _ANATOMY_OF.search(text, max(0, end - 60), end):
        return True
    begun = re.search(r"([A-Za-z]+)['’]?s?$", text[max(0, end - 20) : end])
    if begun is None:
        return _judged(text, end)
    word = begun[1].lower()
    beside = (
        (word in _HEADINGS and _HEADS_A_FIELD.match(text, end))
        or (word in _SCALES and _GRADED.match(text, end))
        or (word in _OWNED and _OWNS_NOTHING.match(text, end))
        or (nearest is not None and f"{word}_{nearest[1].lower()}" in EPONYM_PAIRS)
    )
    return bool(beside) or _judged(text, end)


def _judged(text: str, end: int) -> bool:
    """Whether a grade, a result, a lot, a dose or a species' name follows a word that no person's name precedes."""
    found = _WORD.search(text, max(0, end - 40), end)
    if found is None or _follows_a_person(text, found.start(1)):
        return False
    word, listed = look_up(found[1]), is_listed(found[1])
    if listed and (_LEVEL.match(text, end) or _alone_in_possession(text, end)):
        return True
    if listed and _beside_an_eponym(text, found.start(1), end):
        return True
    tested = _RESULT.match(text, end) or _LOT.match(text, end)
    if tested and (listed or not (word.given and word.common)):
        return True
    species = _SPECIES.match(text, end)
    unknown = species is not None and not look_up(species[1]).known
    classed = not word.common and _CLASSED.match(text, end) is not None
    return not word.given and (unknown or classed or _DOSED.match(text, end) is not None)


def _beside_an_eponym(text: str, start: int, end: int) -> bool:
    """Whether a word that is hardly ever a person's name is enumerated with the one at `start` to `end`."""
    after, before = _JOINED_AFTER.match(text, end), _JOINED_BEFORE.search(text, max(0, start - 40), start)
    return any(
        match is not None and re.sub(r"['’]s$", "", match["word"]).lower() in SURE_EPONYMS for match in (after, before)
    )


def _alone_in_possession(text: str, end: int) -> bool:
    """Whether it is in the possessive with nothing behind: `a Bennett's and a mallet finger`."""
    if text[end : end + 2] in ("'s", "’s"):
        end += 2
    elif text[end - 2 : end] not in ("'s", "’s"):
        return False
    return _NOTHING.match(text, end) is not None


def is_listed(shown: str) -> bool:
    """Whether a word, or each part of a double name, is listed as one of medicine."""
    small = shown.lower()
    parts = small.split("-")
    return small in LISTED or (len(parts) > 1 and all(part in LISTED for part in parts if len(part) > 2))


def _follows_a_person(text: str, start: int) -> bool:
    """Whether a title, an initial or a given name stands before `start`."""
    before = _NAMED_BEFORE.search(text, max(0, start - 24), start)
    if before is None:
        return False
    shown = before["word"]
    if shown.lower() in _TITLES:
        return True
    if not shown[0].isupper():
        return False
    return len(shown) == 1 or (look_up(shown).surely_given and shown.lower() not in clinical_words())
