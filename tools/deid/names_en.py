"""Person names in English (and other Latin-script) clinical text: by label, title, credential, dictionary, relative."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.deid.dictionary import EPONYMS, SURE_EPONYMS, clinical_words, look_up, word_list
from tools.deid.eponymous import is_eponym
from tools.deid.identifiers import Identifier, Kind

_EXTENDED = [chr(code) for code in range(0x100, 0x250)]
UPPER = "A-ZÀ-ÖØ-Þ" + "".join(letter for letter in _EXTENDED if letter.isupper())
_LOWER = "a-zß-öø-ÿ" + "".join(letter for letter in _EXTENDED if letter.islower())
CAPITALISED = (
    rf"(?:(?:[OD]['’]|Mc|Mac|Fitz|De|La|Le|Van|Al-)?[{UPPER}][{_LOWER}]{{1,40}}(?:[-'’][{UPPER}][{_LOWER}]{{1,40}}){{0,3}}"
    rf"|[{UPPER}]['’]?[{UPPER}]{{1,40}}(?:[-'’][{UPPER}]{{1,40}}){{0,3}})"
)
PARTICLE = r"(?:de|da|di|del|della|der|den|dos|du|la|le|van|von|bin|bint|ibn|al|el|ter|ten|y)"
_TOKEN = re.compile(rf"(?P<word>{CAPITALISED})(?![\w])|(?P<initial>[{UPPER}])\b\.?|(?P<particle>\b{PARTICLE}\b)")
_GAP = re.compile(r"[ \t]+|(?<=\.)(?=[A-Z])")
_NOT_A_NAME_AFTER = re.compile(r"[ \t]*(?::|#|\d)")
MOST_TOKENS = 4
ACRONYMS = word_list("acronyms")
TITLES = word_list("titles")

_LABEL = re.compile(
    r"\b(?P<label>patient(?:'s)? name|name of patient|full name|first name|last name|surname|forename|given name|"
    r"family name|maiden name|preferred name|name|patient|pt|re|attending(?: physician| provider| md)?|physician|"
    r"primary care (?:physician|provider)|pcp|provider|consultant|surgeon|assistant|an(?:a)?esthesiologist|"
    r"radiologist|pathologist|oncologist|cardiologist|resident|fellow|nurse|social worker|case manager|interpreter|"
    r"dictated by|transcribed by|electronically signed by|e-?signed by|signed by|signed|signature|authored by|author|"
    r"reviewed by|verified by|reported by|read by|interpreted by|ordered by|ordering (?:physician|provider)|"
    r"requested by|referred by|referring (?:physician|provider|doctor)|performed by|collected by|prepared by|"
    r"entered by|discussed with|informant|historian|next of kin|nok|emergency contact|contact(?: person)?|"
    r"power of attorney|hcp|health ?care proxy|guardian|mother|father|spouse|husband|wife|partner|son|daughter|"
    r"brother|sister|sibling|caregiver|carer|gp|cc|attn|to|from|dear|witness(?:ed by)?|employer contact|"
    r"secretary|caller|crew|driver|escort|sitter|"
    r"pharmacist|midwife|technologist|technician|sonographer|operator|assessor|clinician|author|taken by)\b"
    r"[ \t]*(?P<mark>(?:\.{2,60}|_{2,60})[ \t]*:?|:|=|\||-(?=[ \t])|–)?[ \t]*(?:/s/[ \t]*)?",
    re.IGNORECASE,
)
# Labels that name a person without a colon: "Dictated by Anna Lowe", "Dear Anna".
_BARE_LABELS = re.compile(
    r"(?:by|dear|name|attn|discussed with|next of kin|emergency contact|health ?care proxy)$", re.IGNORECASE
)
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Master|Dr|Drs|Doctor|Prof|Professor|Sir|Madam|Sister|Nurse|Pastor|Rev|Reverend|Father|"
    r"Rabbi|Imam|Sgt|Officer|Señor|Señora|Sr|Sra|MR|MRS|MS|DR)\b\.?[ \t]+"
)
# Titles behind which any capitalised word is a name: `Mrs Day`, `Dr Case`.
_SURE_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\b")
_SMALL_TITLE = re.compile(
    r"(?<![\w'’-])(?:mr|mrs|miss|dr|prof)\.?[ \t]+(?P<word>(?:[od]['’])?[a-z]{3,20}(?:-[a-z]{2,20})?)(?![\w-])"
)
_SMALL_VERBS = frozenset(
    {"will", "may", "can", "said", "has", "was", "did", "does", "asks", "notes", "wants", "and", "for"}
)
_ALL_CAPITALS = re.compile(rf"(?<![\w@.'’/-])[{UPPER}]{{4,20}}(?![\w@'’/-])")
_CREDENTIAL = re.compile(
    r"(?<![ \t])(?:[ \t]*,)?[ \t]+(?:M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|MBBS|MBChB|FRCP|FRCS|FACP|FACS|PharmD|"
    r"LCSW|MSW|DPM|DDS|CRNA|APRN|CNM|LPN|MPH|FNP(?:-BC)?|ANP|DNP|RD|PT|OT|SLP)\b\.?(?![a-z])"
)
_CALLED = re.compile(
    r"\b(?:[Kk]nown as|[Pp]referred name|[Nn]icknamed|to be called|likes to be called|goes by|"
    r"known as|nicknamed|also known as|a\.?k\.?a\.?|preferred name|"
    r"answers to|n[ée]e)"
    r"[ \t]*:?[ \t]*[\"“'‘]?(?=[^\W\d_a-z])"
)
_RELATIVE = re.compile(
    r"\b(?:wife|husband|spouse|son|daughter|mother|father|brother|sister|partner|friend|niece|nephew|aunt|uncle|"
    r"cousin|grandson|granddaughter|grandmother|grandfather|neighbou?r|carer|caregiver|roommate|fianc[ée]e?|"
    r"boyfriend|girlfriend|colleague|(?:named|called|nickname(?:d)?|goes by|known as|aka|a\.k\.a\.))"
    r"[ \t]*(?:,|\(|is|was)?[ \t]*[\"“]?"
)
# Words that bring in a person: "discussed with Amedeo Bottigliero", "PCP Luis Brown".
_MEETS = re.compile(
    r"\b(?:with|by|from|to|told|called|saw|see|sees|met|and|via|per|contact(?:ed)?|notified|informed|paged|PCP|GP|"
    r"[Aa]ttending|[Pp]hysician|[Oo]ncologist|[Ss]urgeon|[Cc]ardiologist|[Pp]rovider|[Pp]atient|[Cc]ousin|[Ff]riend|"
    r"[Ii]nterpreter|[Cc]aregiver|[Pp]roband|[Rr]esident|[Ff]ellow)[ \t]+(?=[^\W\d_])"
)
_ACTS = re.compile(
    r"[ \t]+(?:is|was|has|had|reports?|reported|states?|stated|denies|denied|says|said|presents?|presented|came|"
    r"lives|lived|works|worked|told|asked|understands|agrees|agreed|feels|felt|will|notes|noted|complains|returns|"
    r"returned|tolerated|called|underwent|describes|described|does|did|wants|prefers|and (?:his|her))\b"
)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str
    sort: str


def tokens_at(text: str, start: int, most: int = MOST_TOKENS) -> list[_Token]:
    """The name-like tokens from `start` on, on one line, up to `most` of them."""
    found: list[_Token] = []
    place = start
    while len(found) < most and (match := _TOKEN.match(text, place)):
        sort = str(match.lastgroup)
        if sort == "particle" and not found:
            break
        found.append(_Token(match.start(), match.end(), match[0], sort))
        gap = _GAP.match(text, match.end())
        if gap is None:
            break
        place = gap.end()
    while found and found[-1].sort == "particle":
        found.pop()
    return found


def is_clinical_word(shown: str) -> bool:
    """Whether a word is of the clinical vocabulary and no name."""
    word = look_up(shown)
    named = word.given or (word.family and word.common)
    return not named and (word.drug or shown.lower() in clinical_words())


def _clinical(token: _Token) -> bool:
    return is_clinical_word(token.text)


def _acronym(token: _Token) -> bool:
    """Whether a short word in capitals that is no name of the table: `MI`, `CRC`."""
    word = look_up(token.text)
    if token.text in ACRONYMS:
        return True
    return len(token.text) < 5 and token.text.isupper() and len(token.text) > 1 and not (word.given or word.family)


def _person(start: int, end: int, rule: str, strength: int = 1) -> Identifier:
    return Identifier(Kind.PERSON, start, end, rule, strength)


def name_run(text: str, tokens: list[_Token], *, trusted: bool) -> list[_Token]:
    """The leading tokens that can be a name. `trusted`: the place says that a name stands here."""
    kept: list[_Token] = []
    for token in tokens:
        if token.sort == "word":
            word = look_up(token.text)
            is_label = _NOT_A_NAME_AFTER.match(text, token.end) is not None
            ordinary = not word.may_be_name or _clinical(token)
            if (
                (is_label and kept)
                or token.text.lower() in TITLES
                or (ordinary and not (trusted and (word.given or word.family)))
            ):
                break
        kept.append(token)
    while kept and kept[-1].sort == "particle":
        kept.pop()
    if all(token.sort != "word" for token in kept):
        return []
    return kept


def find_names(text: str) -> Iterator[Identifier]:
    """Every person's name that a rule finds in `text`. Spans may overlap; `identifiers.settle` picks."""
    yield from _labelled(text)
    yield from _titled(text)
    yield from _titled_small(text)
    yield from _in_capitals(text)
    yield from _credentialled(text)
    yield from _by_dictionary(text)
    yield from _relatives(text)
    yield from _met(text)
    yield from _called(text)


def _labelled(text: str) -> Iterator[Identifier]:
    for match in _LABEL.finditer(text):
        marked = match["mark"] is not None
        if not marked and not _BARE_LABELS.search(match["label"]):
            continue
        tokens = name_run(text, tokens_at(text, match.end()), trusted=marked)
        if tokens and (marked or len(tokens) > 1 or look_up(tokens[0].text).given or look_up(tokens[0].text).family):
            end = _with_last_first(text, tokens, sure=marked and match["label"].lower().endswith("name"))
            yield _person(tokens[0].start, end, "label", 2 if marked else 1)


def _with_last_first(text: str, tokens: list[_Token], *, sure: bool) -> int:
    """The end of the name, given names after a comma included: `Carver, Anna M.`. `sure`: any word may be one."""
    end = tokens[-1].end
    comma = re.compile(r",[ \t]*").match(text, end)
    if comma is not None:
        more = name_run(text, tokens_at(text, comma.end(), 3), trusted=False)
        if sure and not more:
            more = [token for token in tokens_at(text, comma.end(), 1) if not _clinical(token)]
            if more and more[0].sort == "word" and _NOT_A_NAME_AFTER.match(text, more[0].end) is None:
                return more[0].end
        if more and more[0].sort == "word" and not _CREDENTIAL.match(text, end) and not look_up(more[0].text).ordinary:
            return more[-1].end
    return end


def _titled(text: str) -> Iterator[Identifier]:
    for match in _TITLE.finditer(text):
        tokens = name_run(text, tokens_at(text, match.end(), 3), trusted=True)
        if not tokens and _SURE_TITLE.match(match[0]):
            tokens = [token for token in tokens_at(text, match.end(), 1) if token.sort == "word"]
        if tokens and not _acronym(tokens[0]) and tokens[0].text.lower() not in TITLES:
            yield _person(tokens[0].start, tokens[-1].end, "title", 2)


def _titled_small(text: str) -> Iterator[Identifier]:
    """`dr patel`, `mrs o'brien`: a title and a name, both in small letters."""
    for match in _SMALL_TITLE.finditer(text):
        word = look_up(match["word"])
        named = word.family and word.common and match["word"] not in _SMALL_VERBS
        if named or not (word.ordinary or word.drug or is_clinical_word(match["word"])):
            yield _person(match.start("word"), match.end("word"), "title", 2)


def _in_capitals(text: str) -> Iterator[Identifier]:
    """Names of the table in capitals that are no word and no acronym of medicine."""
    for match in _ALL_CAPITALS.finditer(text):
        word = look_up(match[0])
        enough = word.common or len(match[0]) > 4
        named = enough and (word.given or word.family) and not word.ordinary and match[0] not in ACRONYMS
        eponym = match[0].lower() in EPONYMS or is_eponym(text, match.end())
        if named and not eponym and not is_clinical_word(match[0]):
            yield _person(match.start(), match.end(), "capitals")


def _credentialled(text: str) -> Iterator[Identifier]:
    before = re.compile(rf"(?:(?:{CAPITALISED}|[{UPPER}]\.?|{PARTICLE})[ \t]+){{0,3}}{CAPITALISED}$")
    for match in _CREDENTIAL.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        found = before.search(text[line : match.start()])
        if found is None:
            continue
        tokens = tokens_at(text, line + found.start(), 5)
        tokens = [token for token in tokens if token.end <= match.start()]
        while tokens and tokens[0].sort == "word" and not look_up(tokens[0].text).may_be_name:
            tokens = tokens[1:]
        if not tokens or tokens[-1].text.lower() in TITLES:
            continue
        if not (tokens[-1].sort == "word" and not look_up(tokens[-1].text).may_be_name):
            yield _person(tokens[0].start, tokens[-1].end, "credential")


def _by_dictionary(text: str) -> Iterator[Identifier]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "word" or (match.start() and text[match.start() - 1] in "-'’_@."):
            continue
        tokens = tokens_at(text, match.start())
        word = look_up(tokens[0].text)
        yield from _last_comma_first(text, tokens[0])
        run = _pair(text, tokens)
        if run and not is_eponym(text, run[-1].end):
            yield _person(run[0].start, run[-1].end, "dictionary")
        elif word.surely_given and not tokens[0].text.isupper() and not is_eponym(text, tokens[0].end):
            alone = word.common and _inside_sentence(text, tokens[0])
            if alone or _ACTS.match(text, tokens[0].end):
                yield _person(tokens[0].start, tokens[0].end, "given name")


def _inside_sentence(text: str, token: _Token) -> bool:
    """Whether small letters stand before it on its line, so that its capital letter means something."""
    before = re.search(r"(\S+)[ \t]+[\"“(]?$", text[max(0, token.start - 40) : token.start])
    return before is not None and before[1][-1].islower()


def _pair(text: str, tokens: list[_Token]) -> list[_Token]:
    """A given name and what follows it, where the two together are a name; else nothing."""
    words = [token for token in tokens if token.sort == "word"]
    if len(words) < 2:
        return []
    first, second = look_up(words[0].text), look_up(words[1].text)
    real_family = second.family and (second.common or not second.ordinary)
    given = first.surely_given or (first.given and first.common and real_family)
    stranger = not first.known and len(words[0].text) > 2 and not words[0].text.isupper() and not _clinical(words[0])
    stranger = stranger and words[0].text.lower() not in EPONYMS
    family = second.may_be_name and not _clinical(words[1]) and (second.family or len(words[1].text) > 2)
    if words[1].text.isupper() and not words[0].text.isupper():
        family = family and second.family
    if not (
        (given and (family or real_family)) or (stranger and second.family and second.common and not second.ordinary)
    ):
        return []
    kept = name_run(text, tokens, trusted=False)
    return kept if sum(token.sort == "word" for token in kept) > 1 else []


def _last_comma_first(text: str, token: _Token) -> Iterator[Identifier]:
    comma = re.compile(r",[ \t]+").match(text, token.end)
    word = look_up(token.text)
    if comma is None or not word.family or not word.may_be_name:
        return
    more = tokens_at(text, comma.end(), 2)
    if more and more[0].sort == "word" and look_up(more[0].text).surely_given and not look_up(token.text).given:
        yield _person(token.start, more[-1].end, "last, first")


def _relatives(text: str) -> Iterator[Identifier]:
    for match in _RELATIVE.finditer(text):
        tokens = name_run(text, tokens_at(text, match.end(), 3), trusted=False)
        if tokens and not is_eponym(text, tokens[-1].end) and not _acronym(tokens[0]):
            word = look_up(tokens[0].text)
            if tokens[0].text.lower() in SURE_EPONYMS and re.search(r"called|known as", match[0]):
                continue  # the disease: "was called Binswanger"
            if word.given or (not word.known and not _clinical(tokens[0])) or len(tokens) > 1:
                yield _person(tokens[0].start, tokens[-1].end, "relative")


def _called(text: str) -> Iterator[Identifier]:
    """Names that the text says are names, ordinary words too: `prefers to be called Hope`."""
    for match in _CALLED.finditer(text):
        tokens = [token for token in tokens_at(text, match.end(), 3) if not _clinical(token) and not _acronym(token)]
        if tokens and tokens[0].sort == "word":
            yield _person(tokens[0].start, tokens[0].end, "called", 2)


def _met(text: str) -> Iterator[Identifier]:
    """Two or more capitalised words that are no ordinary or clinical ones, after a word that brings in a person."""
    for match in _MEETS.finditer(text):
        tokens = name_run(text, tokens_at(text, match.end()), trusted=True)
        words = [token for token in tokens if token.sort == "word"]
        if len(words) < 2 or any(token.text.isupper() or _clinical(token) for token in words):
            continue
        first, second = look_up(words[0].text), look_up(words[1].text)
        named = first.given or second.family or not (first.known or second.known)
        plain = first.ordinary or (second.ordinary and not second.family)
        surely = first.given and second.family and second.common
        if ((named and not plain) or surely) and not is_eponym(text, tokens[-1].end):
            yield _person(tokens[0].start, tokens[-1].end, "met")
