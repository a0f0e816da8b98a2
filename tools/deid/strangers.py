"""Capitalised words that no table of ordinary, clinical or name words has: names and towns by where they stand.

A name of the table that is no ordinary word is taken wherever it stands; a word that no table knows only where a person
or a place is to be expected. Published case notes hold about two such words in a thousand, mostly of makers and towns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.dictionary import DOUBTFUL, EPONYMS, look_up, word_list
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import CAPITALISED, PARTICLE, TITLES, UPPER, is_clinical_word

_CAPITALISED_WORDS = word_list("capitalised_words")
NO_PERSONS = EPONYMS | word_list("countries") | word_list("brands")
# Endings of clinical and scientific words, which reports capitalise at will.
SCIENCE = re.compile(
    r"(?:ly|logy|logic|logical|logically|logist|itis|osis|emia|aemia|oma|opathy|graphy|gram|grams|scopy|ectomy|ostomy|"
    r"plasty|ase|coccus|cocci|bacter|bacterium|mycin|micin|cillin|mab|nib|pril|sartan|statin|olol|azole|vir|zumab|"
    r"cept|ium|ous|tion|tions|sion|ated|ating|ings?|ical|ic|ment|ments|ness|ities|ity|ine|ide|ate|ol|one|onal|ular|"
    r"esia|thesia|ilar|isers?|izers?|isms?|gene|gens?|homolog|lysis|zyme|gillus|cystis|bacillus|tomy|toid|"
    r"ively|ive|ible|able|teen|phil|philus|myces|monas|viridae|virus|phobia|trophy|metry|meter|llary|ware|scan|stain|"
    r"®|™)$"
)
_PREFIX = re.compile(
    r"^(?:inter|intra|trans|extra|anti|tachy|brady|peri|hyper|hypo|sub|supra|infra|retro|para|post|pre|re|un|non|micro|macro|multi|mono|"
    r"bi|tri|poly|radio|cardio|neuro|gastro|hepato|reno|nephro|broncho|pneumo|haemo|hemo|thrombo|osteo|arthro|cysto|entero|immuno|"
    r"angio|vaso|endo|exo|epi|meta|auto|iso|pan|peri|co|de|dis)-?"
)
WORD = re.compile(rf"(?<![\w@.'’/-]){CAPITALISED}(?![\w@])(?!-\w)")
# Words after which a person comes, whatever follows.
_STRONG = re.compile(
    r"(?:\b(?:told|called|phoned|texted|emailed|e-mailed|bleeped|messaged|contacted|seen by|"
    r"reviewed by|explained by|implanted by|rang|ring|"
    r"pcp|sho|spr|reg|rn|hca|cns|cnm|cnp|fy1|fy2|ot|slt|wr|teacher|interpreter|chaplain|midwife|dieti[tc]ian|paramedic|psychologist|"
    r"therapist|porter|clerk|coordinator|educator|advocate|solicitor|officer|"
    r"paged|page|informed|notified|asked|thank|hi|hello|d/w|seen with|presented by|"
    r"witnessed|niece|nephew|dtr|son|daughter|sister|brother|mother|father|wife|husband|partner|cousin|carer|nurse|pharmacist|"
    r"counsellor|counselor|keyworker|surgeon|assistant|an(?:a)?esthetist|scrub|cons|consultant|proband|caller|gp):?)"
    r"[ \t]*[(,]?[ \t]*$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:\b(?:with|w/|by|told|tell|tells|called|call|calls|rang|ring|rings|paged|page|informed|notified|asked|ask|asks|"
    r"saw|see|sees|seen|met|meet|meets|know|knows|knew|thank|thanks|hi|hello|dear|regards|wishes|d/w|per|via|after|"
    r"since|from|to|for|covering|helped|brought|married|when|if|that|niece|nephew|dtr|son|sister|brother|mother|father|"
    r"wife|husband|partner|friend|aunt|uncle|cousin|carers?|nurse|pharmacist|counsellor|counselor|keyworker|security|"
    r"surgeon|assistant|an(?:a)?esthetist|scrub|cons|consultant|patient|pt|proband|caller|present|presented by|copy to|"
    r"seen with|team|list)|[(:,;>•*-])[ \t]*[\"“]?$",
    re.IGNORECASE,
)
_DOES = (
    r"['’]s\b|[ \t]+(?:is|was|has|had|reports?|reported|states?|stated|den(?:ies|ied)|says|said|feels?|felt|will|came|"
    r"comes|called|asks?|asked|agreed?|agrees|refused|refuses|declin(?:es|ed)|attended|walk(?:s|ed)|visits?|visited|"
    r"explained|informed|tolerat(?:es|ed)|died|lives?|lived|fell|went|goes|returned?|confused|tells|told|presented|"
    r"here|results?|wants|understands|to consent|witnessed|cannot|can|could|would)\b"
)
_PERSON_ACTS = re.compile(
    r"[ \t]+(?:said|says|asked|asks|agreed|agrees|told|tells|called|calls|rang|rings|wants|wanted|feels|thinks|thought|"
    r"explained|informed|confirmed|consented|declined|refused|refuses|lives|lived|came|arrived|attended|visited|returned|"
    r"reports|reported|denies|denied|understands|aware|happy|to (?:see|call|ring|review|f/u|follow|chase|discuss|"
    r"decide|sign|speak)|will (?:see|call|ring|review|chase|speak|come|discuss)|(?:sir|ma'am|ji)\b)\b|"
    r"[ \t]*\([a-z]{4,20}ology\)"
)
_GOES_ON = re.compile(_DOES + r"|[ \t]+[a-z]{2}|[ \t]*[:/,|]|[ \t]*$")
_TIME = re.compile(r"\d\d[:.]?\d\d(?:h|hrs)?[\])]?[ \t:–-]*$")
_AFTER = re.compile(_DOES + r"|[ \t]*[(:,.;)\n/]|[ \t]*[$|]|[ \t]+[a-z]{2}")
_WORD_BEFORE = re.compile(r"(?<![^\s(/])([^\W\d_][^\s.:;!?]*)[,;]?[ \t]+[(\"“]?$")
_WORD_AFTER = re.compile(r"[ \t]+([^\W\d_])")
_CAPITALS = re.compile(
    rf"(?:(?P<label>\b(?:patient|pt|name|re)\b[ \t]*[:#]?[ \t]*)|(?<![\w@]))"
    rf"(?P<name>(?:[{UPPER}]{{2,}}[ \t]){{0,3}}[{UPPER}]{{3,}}(?:-[{UPPER}]+)?,[ \t]*"
    rf"[{UPPER}]{{3,}}(?:-[{UPPER}]+)?)(?!\w)",
    re.IGNORECASE,
)
_WITH_PARTICLE = re.compile(rf"(?<![\w@])(?:{PARTICLE}[ \t]+){{1,3}}(?P<word>{CAPITALISED})(?![\w@])")
_INITIAL = re.compile(r"(?<![\w.])(?:[A-Z]\.[ ]?){1,2}$")


def find_strangers(text: str) -> Iterator[Identifier]:
    """Names that no other rule knows."""
    run: list[re.Match[str]] = []
    for match in WORD.finditer(text):
        if may_be(text, match):
            if run and text[run[-1].end() : match.start()].strip(" \t"):
                yield from _of_run(text, run)
                run = []
            run.append(match)
        elif _known_to_be_named(text, match):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "family name")
    yield from _of_run(text, run)
    yield from _with_particles(text)
    yield from _capitals(text)


def _of_run(text: str, run: list[re.Match[str]]) -> Iterator[Identifier]:
    """What a run of adjacent words is that may be names."""
    if len(run) > 1:
        yield Identifier(Kind.PERSON, run[0].start(), run[-1].end(), "unknown words")
    elif run:
        word = look_up(run[0][0])
        known = (word.given or word.family) and run[0][0].lower() not in DOUBTFUL
        if known or (_acting(text, run[0]) if word.family else _placed(text, run[0])):
            rule = "name of the table" if word.known else "unknown word"
            yield Identifier(Kind.PERSON, run[0].start(), run[0].end(), rule)


def may_be(text: str, match: re.Match[str]) -> bool:
    """Whether a capitalised word can be a name at all."""
    shown = re.sub(r"['’]s$", "", match[0])
    word = look_up(shown)
    never = shown.lower() in NO_PERSONS or shown.lower() in TITLES
    if len(shown) < 2 or shown.isupper() or word.ordinary or never or is_clinical_word(shown):
        return False
    if len(shown) < 3 and not _led(text, match):
        return False
    parts = shown.lower().split("-")
    if any(part in NO_PERSONS for part in parts) or (len(parts) > 1 and all(look_up(part).ordinary for part in parts)):
        return False
    if not word.known and shown.isascii() and (SCIENCE.search(shown) or _built(shown)) and not _led(text, match):
        return False
    return not is_eponym(text, match.end())


def _built(shown: str) -> bool:
    """Whether it is an ordinary word with a scientific prefix or an ending: `Transbronchial`, `Radiographs`."""
    small = shown.lower()
    rest = _PREFIX.sub("", small)
    return (rest != small and look_up(rest).ordinary) or look_up(small.removesuffix("s")).ordinary


def _led(text: str, match: re.Match[str]) -> bool:
    """Whether a word stands before it after which a person comes."""
    return _STRONG.search(text, max(0, match.start() - 24), match.start()) is not None


def _acting(text: str, match: re.Match[str]) -> bool:
    """Whether a family name that is a word of medicine too stands where only a person can."""
    before = text[max(0, match.start() - 24) : match.start()]
    if _stands_out(text, match) or _INITIAL.search(before) or _STRONG.search(before):
        return True
    return _PERSON_ACTS.match(text, match.end()) is not None


def _known_to_be_named(text: str, match: re.Match[str]) -> bool:
    """Whether a frequent family name that is another word too stands where a person is to be expected."""
    known_as = frequent(match[0]) or (match[0].lower() in EPONYMS and match[0].istitle())
    if not known_as or is_eponym(text, match.end()):
        return False
    if _led(text, match) or _PERSON_ACTS.match(text, match.end()):
        return True
    if not frequent(match[0]):
        return False
    small = re.escape(match[0].lower())
    a_word = small in NO_PERSONS or small in _CAPITALISED_WORDS or re.search(rf"\b{small}\b", text)
    return _stands_out(text, match) and not a_word


def frequent(shown: str) -> bool:
    """Whether an ordinary word or an eponym is also a frequent family name."""
    word = look_up(shown)
    said = word.ordinary or shown.lower() in EPONYMS
    return said and word.family and word.common and not shown.isupper()


def _placed(text: str, match: re.Match[str]) -> bool:
    """Whether an unknown word stands where a person is to be expected."""
    if not match[0].isascii() or _stands_out(text, match):
        return True
    before, after = text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 16]
    if _INITIAL.search(before) or _STRONG.search(before) or re.match(r"['’]s[ \t]", after):
        return True
    if _BEFORE.search(before) is not None:
        return _AFTER.match(after) is not None
    begins = before.strip() == "" or before.rstrip(" \t")[-1:] in ("\n", ".", "*", "/", ";", "?", "!", "]")
    begins = begins or _TIME.search(before) is not None
    return begins and _GOES_ON.match(after) is not None


def _stands_out(text: str, match: re.Match[str]) -> bool:
    """Whether the capital letter means something: small words before it on its line, and no other capitals beside it.

    Between capitals, an unknown word is most often of a product, a scale or a heading.
    """
    before = _WORD_BEFORE.search(text, max(0, match.start() - 40), match.start())
    after = _WORD_AFTER.match(text, match.end())
    return before is not None and before[1][0].islower() and (after is None or not after[1][0].isupper())


def _with_particles(text: str) -> Iterator[Identifier]:
    for match in _WITH_PARTICLE.finditer(text):
        if (
            match["word"].lower() not in NO_PERSONS
            and not is_clinical_word(match["word"])
            and not is_eponym(text, match.end())
        ):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "particle")


def _capitals(text: str) -> Iterator[Identifier]:
    """Family name and given name in capitals, with a comma between."""
    for match in _CAPITALS.finditer(text):
        words = re.findall(r"\w+", match["name"])
        shown = match["name"]
        if not shown.isupper() and match["label"] is None:
            continue
        plain = [
            word for word in words if (look_up(word).ordinary and not look_up(word).family) or is_clinical_word(word)
        ]
        long_enough = match["label"] is not None or min(map(len, words[-2:])) > 3
        if not plain and long_enough and shown[0].isupper():
            yield Identifier(Kind.PERSON, match.start("name"), match.end("name"), "capitals")
