"""Towns and streets that no label marks: by the words before them, their endings, and the shape of an address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.deid.dictionary import EPONYMS, look_up, word_list
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import CAPITALISED, is_clinical_word
from tools.deid.strangers import SCIENCE

_NO_TOWNS = EPONYMS | word_list("countries")
_PLACE = re.compile(
    r"\b(?:in|from|to|near|at|outside|around|visit|visits|visited|visiting|leaving|outside of|towards?)[ \t\n]+"
    rf"(?P<place>(?:(?:North|South|East|West|New|Old|Lake|Port|Upper|Lower|Great|Little|Saint|St\.?|Mount|Fort|Long|"
    rf"High)[ \t]+)?{CAPITALISED}(?:[ \t]+{CAPITALISED})?)(?![\w@])"
)
_TOWN_PREFIX = re.compile(r"(?:North|South|East|West|New|Old|Lake|Port|Upper|Lower|Great|Little|Saint|St|Mount|Fort)\b")
_ENDS_AS_TOWN = re.compile(
    r"(?<![\w@.'’/-])[A-Z][a-z]{2,}(?:side|ton|town|ville|burgh?|bury|borough|port|mouth|shire|haven|stad|chester|land|view|berg|"
    r"ham|ford|field|furt|stadt|hurst|wick|pool|minster|grad|abad|bourne|dale|worth|beck|thorpe|furth|fort|bridge)(?![\w@-])"
)
_BEGINS_AS_TOWN = re.compile(
    rf"(?<![\w@.'’/-])(?:North|South|East|West|New|Lake|Port|Saint|St\.?|Mount|Fort)[ \t]"
    rf"(?P<word>{CAPITALISED})(?![\w@-])"
)
# Street suffixes; most are those of USPS Publication 28, appendix C1.
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


def find_towns(text: str) -> Iterator[Identifier]:
    """Towns and streets that a rule finds in `text`."""
    yield from _towns(text)
    yield from _by_ending(text)
    yield from _streets(text)


def _by_ending(text: str) -> Iterator[Identifier]:
    """`Kelseyside`, `New Trevor`: words that end or begin as towns do, of which no table says that they are words."""
    for match in _ENDS_AS_TOWN.finditer(text):
        if _plainly_unknown(match[0]) and not is_eponym(text, match.end()):
            yield Identifier(Kind.ADDRESS, match.start(), match.end(), "town by its ending")
    for match in _BEGINS_AS_TOWN.finditer(text):
        word = look_up(match["word"])
        named = (word.given or word.family) and not word.ordinary and match["word"].lower() not in _NO_TOWNS
        if (named or _plainly_unknown(match["word"])) and not is_eponym(text, match.end()):
            yield Identifier(Kind.ADDRESS, match.start(), match.end(), "town by its first word")


def _plainly_unknown(shown: str) -> bool:
    return not (look_up(shown).known or is_clinical_word(shown) or shown.lower() in _NO_TOWNS)


def _towns(text: str) -> Iterator[Identifier]:
    for match in _PLACE.finditer(text):
        words = list(re.finditer(r"\S+", match["place"]))
        first = 1 if _TOWN_PREFIX.match(words[0][0]) and len(words) > 1 else 0
        kept = [word for word in words[first:] if _town_word(word[0])]
        if kept and kept[0] is words[first] and not kept[-1][0].endswith(("'s", "’s")):
            start = match.start("place") + words[0].start()
            yield Identifier(Kind.ADDRESS, start, match.start("place") + kept[-1].end(), "town")


def _town_word(shown: str) -> bool:
    word = look_up(shown)
    if shown.lower() in _NO_TOWNS or shown.isupper() or word.ordinary or is_clinical_word(shown) or len(shown) < 3:
        return False
    return word.given or word.family or not SCIENCE.search(shown) or _ENDS_AS_TOWN.fullmatch(shown) is not None


def _streets(text: str) -> Iterator[Identifier]:
    for match in _STREET.finditer(text):
        words = [look_up(word) for word in match["words"].split()]
        named = any(word.given or word.family for word in words) and not is_eponym(text, match.end())
        if named or any(_town_word(word) for word in match["words"].split()):
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
