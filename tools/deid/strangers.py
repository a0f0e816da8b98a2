"""Capitalised words that no table of ordinary, clinical or name words has: names and towns by where they stand.

A name of the table that is no ordinary word is taken wherever it stands; a word that no table knows only where a person
or a place is to be expected. Published case notes hold about two such words in a thousand, mostly of makers and towns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.deid.dictionary import EPONYMS, look_up, word_list
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import CAPITALISED, PARTICLE, TITLES, UPPER, is_clinical_word, is_eponym

_NO_PERSONS = EPONYMS | word_list("countries")
# Endings of clinical and scientific words, which reports capitalise at will.
_SCIENCE = re.compile(
    r"(?:ly|logy|logic|logical|logically|logist|itis|osis|emia|aemia|oma|opathy|graphy|gram|grams|scopy|ectomy|ostomy|"
    r"plasty|ase|coccus|cocci|bacter|bacterium|mycin|micin|cillin|mab|nib|pril|sartan|statin|olol|azole|vir|zumab|"
    r"cept|ium|ous|tion|tions|sion|ated|ating|ings?|ical|ic|ment|ments|ness|ities|ity|ine|ide|ate|ol|one|onal|ular|"
    r"esia|thesia|ilar|isers?|izers?|isms?|gene|gens?|homolog|lysis|zyme|gillus|cystis|bacillus|tomy|toid|"
    r"ively|ive|ible|able|teen|phil|philus|myces|monas|viridae|virus|phobia|trophy|metry|meter|ware|scan|stain|"
    r"®|™)$"
)
_WORD = re.compile(rf"(?<![\w@.'’/-]){CAPITALISED}(?![\w@])(?!-\w)")
_JOINED = re.compile(r"[ \t]*(?:[ \t](?:and|&|or)[ \t]|/|->|→|,[ \t]+(?:and[ \t]+)?)[ \t]*")
# Words after which a person comes, whatever follows.
_STRONG = re.compile(
    r"(?:\b(?:told|called|rang|ring|paged|page|informed|notified|asked|thank|hi|hello|d/w|seen with|presented by|"
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
_ACTS = re.compile(_DOES)
_AFTER = re.compile(_DOES + r"|[ \t]*[(:,.;)\n/]|[ \t]*$|[ \t]+(?:and|or|for|from|in|at|on|about)\b")
_PLACE = re.compile(
    r"\b(?:in|from|to|near|at|outside|around|visit|visits|visited|visiting|leaving|outside of|towards?)[ \t\n]+"
    rf"(?P<place>(?:(?:North|South|East|West|New|Old|Lake|Port|Upper|Lower|Great|Little|Saint|St\.?|Mount|Fort|Long|"
    rf"High)[ \t]+)?{CAPITALISED}(?:[ \t]+{CAPITALISED})?)(?![\w@])"
)
_TOWN_PREFIX = re.compile(r"(?:North|South|East|West|New|Old|Lake|Port|Upper|Lower|Great|Little|Saint|St|Mount|Fort)\b")
# Street suffixes; most are those of USPS Publication 28, appendix C1.
_WORD_BEFORE = re.compile(r"(?<![^\s(/])([^\W\d_][^\s.:;!?]*)[,;]?[ \t]+[(\"“]?$")
_WORD_AFTER = re.compile(r"[ \t]+([^\W\d_])")
_SUFFIX = (
    r"(?:All[e]?y|Annex|Arcade|Avenue|Bayou|Beach|Bluffs?|Bottom|Boulevard|Branch|Bridge|Brooks?|Burgs?|Bypass|Camp|Canyon|"
    r"Cape|Causeway|Circles?|Cliffs?|Club|Commons?|Corners?|Course|Courts?|Coves?|Creek|Crescent|Crest|Crossing|Crossroads?|"
    r"Curve|Dale|Dam|Divide|Drives?|Estates?|Expressway|Extensions?|Falls|Ferry|Fields?|Flats?|Fords?|Forest|Forges?|Forks?|"
    r"Fort|Freeway|Gardens?|Gateway|Glens?|Greens?|Groves?|Harbors?|Haven|Heights|Highway|Hills?|Hollow|Inlet|Islands?|Isle|"
    r"Junctions?|Knolls?|Lakes?|Land|Landing|Lane|Lodge|Loop|Mall|Manors?|Meadows?|Mews|Mills?|Mission|Motorway|Mountains?|"
    r"Neck|Orchard|Oval|Overpass|Parks?|Parkways?|Passage|Pines|Place|Plains?|Plaza|Prairie|Ramp|Ranch|Ridges?|"
    r"River|Roads?|Row|Shoals?|Shores?|Skyway|Springs?|Spurs?|Squares?|Station|Stream|Streets?|Summit|Terrace|"
    r"Throughway|Trace|Track|Trafficway|Trail|Tunnel|Turnpike|Underpass|Unions?|Valleys?|Viaduct|Villages?|Ville|Vista|"
    r"Rapids?|Pine|Lights?|Paths?|Points?|Ports?|Locks?|Rue|Views?|Keys?|Bends?|Stravenue|Center|Centers|"
    r"Walks?|Wells?)"
)
_UNIT = r"(?:Studio|Flat|Unit|Apartment|Apt\.?)[ \t]*#?\w{1,4}"
_STREET = re.compile(
    rf"(?<![\w/.])(?:{_UNIT},?[ \t\n]+(?:\d{{1,5}}[A-Za-z]?[ \t]+)?|\d{{1,6}}[A-Za-z]?,?[ \t]+)"
    rf"(?P<words>{CAPITALISED}(?:[ \t]+{CAPITALISED}){{0,2}})[ \t]+{_SUFFIX}\b"
    rf"(?:,?[ \t]+(?:Suite|Ste|Apt|Apartment|Unit)\.?[ \t]*#?\w{{1,5}})?"
)
# A town or several after an address: "of 12 High Street, Leeds".
_TOWNS_AFTER = re.compile(rf"(?:,[ \t\n]*{CAPITALISED}(?:[ \t]+{CAPITALISED}){{0,2}}(?=[,.;)\n]|[ \t]|$)){{1,2}}")
_CAPITALS = re.compile(
    rf"(?:(?P<label>\b(?:patient|pt|name|re)\b[ \t]*[:#]?[ \t]*)|(?<![\w@]))"
    rf"(?P<name>(?:[{UPPER}]{{2,}}[ \t]){{0,3}}[{UPPER}]{{3,}}(?:-[{UPPER}]+)?,[ \t]*"
    rf"[{UPPER}]{{3,}}(?:-[{UPPER}]+)?)(?!\w)",
    re.IGNORECASE,
)
_WITH_PARTICLE = re.compile(rf"(?<![\w@])(?:{PARTICLE}[ \t]+){{1,3}}(?P<word>{CAPITALISED})(?![\w@])")
_INITIAL = re.compile(r"(?<![\w.])(?:[A-Z]\.[ ]?){1,2}$")


def find_strangers(text: str) -> Iterator[Identifier]:
    """Names and towns that no other rule knows."""
    before: re.Match[str] | None = None
    for match in _WORD.finditer(text):
        if not _may_be(text, match):
            if _known_to_be_named(text, match):
                yield Identifier(Kind.PERSON, match.start(), match.end(), "family name")
            continue
        word = look_up(match[0])
        adjacent = before is not None and text[before.end() : match.start()].strip(" \t") == ""
        if adjacent and before is not None:
            yield Identifier(Kind.PERSON, before.start(), match.end(), "two unknown words")
        elif word.given or word.family:
            yield Identifier(Kind.PERSON, match.start(), match.end(), "name of the table")
        elif _placed(text, match):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "unknown word")
        before = match
    yield from _with_particles(text)
    yield from _towns(text)
    yield from _streets(text)
    yield from _capitals(text)


def _may_be(text: str, match: re.Match[str]) -> bool:
    """Whether a capitalised word can be a name at all."""
    shown = re.sub(r"['’]s$", "", match[0])
    word = look_up(shown)
    never = shown.lower() in _NO_PERSONS or shown.lower() in TITLES
    if len(shown) < 3 or shown.isupper() or word.ordinary or never or is_clinical_word(shown):
        return False
    if any(part.lower() in _NO_PERSONS for part in shown.split("-")):
        return False
    if not (word.given or word.family) and _SCIENCE.search(shown) and shown.isascii():
        return False
    return not is_eponym(text, match.end())


def _known_to_be_named(text: str, match: re.Match[str]) -> bool:
    """Whether a frequent family name that is another word too stands after a word that brings in a person."""
    before = text[max(0, match.start() - 24) : match.start()]
    return _frequent(match[0]) and _STRONG.search(before) is not None and not is_eponym(text, match.end())


def _frequent(shown: str) -> bool:
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
    begins = before.strip() == "" or before.rstrip(" \t")[-1:] in ("\n", ".", "*")
    return begins and _ACTS.match(after) is not None


def _stands_out(text: str, match: re.Match[str]) -> bool:
    """Whether the capital letter means something: small words before it on its line, and no other capitals beside it.

    Between capitals, an unknown word is most often of a product, a scale or a heading.
    """
    before = _WORD_BEFORE.search(text, max(0, match.start() - 40), match.start())
    after = _WORD_AFTER.match(text, match.end())
    return before is not None and before[1][0].islower() and (after is None or not after[1][0].isupper())


def _with_particles(text: str) -> Iterator[Identifier]:
    for match in _WITH_PARTICLE.finditer(text):
        word = look_up(match["word"])
        if not word.ordinary and not is_clinical_word(match["word"]) and not is_eponym(text, match.end()):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "particle")


def _towns(text: str) -> Iterator[Identifier]:
    for match in _PLACE.finditer(text):
        words = list(re.finditer(r"\S+", match["place"]))
        first = 1 if _TOWN_PREFIX.match(words[0][0]) and len(words) > 1 else 0
        kept = [word for word in words[first:] if _town_word(word[0])]
        if kept and kept[0] is words[first]:
            start = match.start("place") + words[0].start()
            yield Identifier(Kind.ADDRESS, start, match.start("place") + kept[-1].end(), "town")


def _town_word(shown: str) -> bool:
    word = look_up(shown)
    if shown.lower() in _NO_PERSONS or shown.isupper() or word.ordinary or is_clinical_word(shown) or len(shown) < 3:
        return False
    return word.given or word.family or not _SCIENCE.search(shown)


def _streets(text: str) -> Iterator[Identifier]:
    for match in _STREET.finditer(text):
        if any(_town_word(word) for word in match["words"].split()):
            yield Identifier(Kind.ADDRESS, match.start(), match.end(), "street", 2)


def towns_after(text: str, addresses: Iterable[Identifier]) -> Iterator[Identifier]:
    """The towns that follow an address after a comma."""
    for found in addresses:
        match = _TOWNS_AFTER.match(text, found.end) if found.kind is Kind.ADDRESS else None
        if match is None:
            continue
        parts = [part.strip() for part in match[0].split(",") if part.strip()]
        if all(any(_town_word(word) for word in part.split()) for part in parts):
            start = match.end() - len(match[0][1:].lstrip())
            yield Identifier(Kind.ADDRESS, start, match.end(), "town after an address")


def joined(text: str, persons: Iterable[Identifier]) -> Iterator[Identifier]:
    """Names that are joined to a found one: `Virtanen and Brown`."""
    for found in persons:
        link = _JOINED.match(text, found.end) if found.kind is Kind.PERSON else None
        match = _WORD.match(text, link.end()) if link is not None else None
        while match is not None and (_may_be(text, match) or _frequent(match[0])):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "joined")
            following = re.compile(r"[ \t]+").match(text, match.end())
            link = _JOINED.match(text, match.end()) or following
            match = _WORD.match(text, link.end()) if link is not None else None


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
