"""The tumour's type: names of the vocabulary, and histology with its site (`lexicon/oncology_types.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from knowledge.facts import vocabulary
from tools.notes.context import Context
from tools.notes.document import Document, Sentence, lexicon
from tools.notes.hits import hit
from tools.notes.liver_tumour import carcinoma_by_imaging
from tools.notes.tumour_context import Said, denial, is_other, is_uncertain, parts

_FORMER = re.compile(
    r"(?:\b(?:(?:personal |past )?history|previous(?:ly)?|prior|former(?:ly)?|state after|status post|"
    r"s/p|h/o|PMHx?|past(?=:)|remote|"
    r"treated for)\b|"
    r"既往|曾患|"
    r"病史)[^.;，。；]{0,50}$",
    re.I,
)
_OVER = re.compile(
    r"^[^.;。；]{0,60}?(?:(?<!\d)(?:19|20)\d\d(?!\d)|\b\d{1,2} years? ago|\b(?:cured|in remission|no recurrence|"
    r"disease[- ]free|"
    r"treated (?:with|by))|年前|治愈)",
    re.I,
)
_LONG_OVER = re.compile(
    r"^[^.;]{0,25}?(?:\b(?:treated|diagnosed|operated|removed|resected|excised)[^.;]{0,50}?\b(?:\d{1,2}|two|"
    r"three|four|five|six|seven|eight|ten|several|many) years ago|"
    r"\bdisease[- ]free since|\bcured\b)",
    re.I,
)
# A solid tumour in complete remission is former unless the note tells of treatment, which a remission may follow.
_REMISSION = re.compile(
    r"^[^.;]{0,25}?\bin (?:a )?(?:complete|full|lasting|long-term|sustained|durable) remission\b", re.I
)
# What a note says of a former tumour somewhere in the sentences on it.
_OVER_LATER = re.compile(
    r"^[^;\n]{0,240}?\b(?:in (?:complete |full |lasting |sustained )?remission|disease[- ]free|discharged from|cured|"
    r"no (?:evidence of )?recurrence since)\b",
    re.I,
)
_CANCER_OVER = re.compile(
    r"(?:cancer|carcinoma|lymphoma|leuka?emia|melanoma|sarcoma|myeloma|seminoma)\b[^\n]{0,300}?\b"
    r"(?:in (?:complete |full |"
    r"lasting |sustained )?remission|disease[- ]free|cured|no (?:evidence of )?recurrence since)\b",
    re.I,
)
_TREATED = re.compile(
    r"maintenance|adjuvant|chemo|cycles?\b|platin|taxel|induction|consolidation|surveillance|\b\w{3,20}(?:mab|nib|parib|clib)\b",
    re.I,
)
# What was not tested in somebody with a tumour leaves the tumour certain.
_UNTESTED = re.compile(
    r"^[^.;?？,，]{0,30}?\b(?:(?:was|were|has|have) not (?:been )?)?(?:tested|done|performed|assessed)\b", re.I
)
_NOT_A_DIAGNOSIS = re.compile(
    r"^[ -]*(?:risk|screening|prevention|gene|susceptib|surveillance|clinic|MDT|multidisciplinary|team|unit|nurse|"
    r"antigen|family|panel|predisposition|list|service|markers?)\b|^(?:筛查|风险|家族史|门诊)",
    re.I,
)
_AS_METASTASIS = re.compile(r"^[ -]*(?:metasta|mets?\b|deposits?|secondar)|^转移", re.I)
# `Biopsies: adenocarcinoma, intestinal type`, with the site in the sentences before.
_BIOPSY = re.compile(
    r"(?:\b(?:biops\w+|histolog\w+|histopatholog\w+|pathology|path|bx|FNA|FNB|cytolog\w+)\b|活检|病理)"
    r"(?:[^.;。；\n]|(?<=\d)\.(?=\d)){0,50}?(?:\b(?P<adenocarcinoma>adenocarcinoma|adeno-?ca)\b|"
    r"\b(?P<squamous>squamous[- ]cell (?:carcinoma|cancer)|SCC\b)|(?P<zha>腺癌)|(?P<zhs>鳞(?:状细胞)?癌))"
    r"(?! (?:of|from|in situ))",
    re.I,
)
_SITE_WITHIN = 260
_NOT_THE_TUMOUR = re.compile(r"\b(?:no|without) (?:evidence of )?(?:transformation to |a )?$", re.I)


class _Site(NamedTuple):
    """Words for a site, the tumour type of each histology there, and what in a note speaks against a primary of it."""

    named: re.Pattern[str]
    codes: dict[str, str]
    unless: re.Pattern[str] | None


class Mention(NamedTuple):
    """A tumour type at a place in the note."""

    code: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    given = lexicon("oncology_types")
    found = [(code, _compiled(p, given["words"])) for code, patterns in given["types"].items() for p in patterns]
    unknown = {code for code, _ in found} - set(vocabulary()["tumour.type"].values)
    if unknown:
        raise ValueError(f"oncology_types.yaml names tumour types that are not declared: {sorted(unknown)}")
    return found


def _compiled(pattern: str, words: dict[str, str]) -> re.Pattern[str]:
    filled = re.sub(r"\{([A-Z]+)\}", lambda m: words[m[1]], pattern)
    return re.compile(rf"(?:(?<![A-Za-z0-9])|(?=[^\x00-\x7f]))(?:{filled})(?!(?<=[A-Za-z0-9])[A-Za-z0-9])", re.I | re.A)


def mentions(document: Document, named: Iterable[tuple[str, int, int]]) -> list[Mention]:
    """Every place that names a tumour type; `named` are those that the vocabulary's names gave."""
    found = [Mention(*item) for item in named]
    for code, pattern in _patterns():
        for match in pattern.finditer(document.text):
            sentence = document.sentence_at(match.start())
            if match.end() <= sentence.end:
                found.append(Mention(code, match.start(), match.end()))
    return [m for m in sorted(set(found), key=lambda m: (m.start, -m.end)) if not _inside_narrower(m, found)]


def _inside_narrower(mention: Mention, found: list[Mention]) -> bool:
    """Whether another mention holds this one and names another type: `non-small cell`, `bladder urothelial`."""
    return any(
        o.start <= mention.start and mention.end <= o.end and (o.end - o.start) > (mention.end - mention.start)
        and o.code != mention.code
        for o in found
    )  # fmt: skip


def tumour_types(document: Document, named: Iterable[tuple[str, int, int]]) -> Iterator[Said]:
    """The types of the patient's tumours, uncertain ones as hypothetical; former ones are left out."""
    found = mentions(document, named)
    if all(is_other(document, m.start, m.end) or denial(document, m.start, m.end) for m in found):
        yield from carcinoma_by_imaging(document)
        found = list(_by_biopsy(document))
    for mention in found:
        before, after = parts(document, mention.start, mention.end)
        if is_other(document, mention.start, mention.end) or denial(document, mention.start, mention.end):
            continue
        if _NOT_A_DIAGNOSIS.match(after) or _AS_METASTASIS.match(after) or _NOT_THE_TUMOUR.search(before):
            continue
        if _is_former(document, mention, before, after):
            made = hit("condition.cancer_history", True, None, mention.start, mention.end)
            if made is not None:
                yield Said(made, Context())
            continue
        made = hit("tumour.type", mention.code, None, mention.start, mention.end)
        if made is not None:
            doubted = is_uncertain(document, mention.start, mention.end) and not _UNTESTED.match(after)
            time = "hypothetical" if doubted else "current"
            yield Said(made, Context(time=time))  # type: ignore[arg-type]


def only_former(document: Document, named: Iterable[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """The sentences that name a former tumour and no present one: their stage and treatment are not of today."""
    former = [
        (sentence.start, sentence.end)
        for sentence in document.sentences
        if sentence.section.kind == "past" and _tells_of_a_cancer_over(document, sentence)
    ]
    present: list[int] = []
    for mention in mentions(document, named):
        before, after = parts(document, mention.start, mention.end)
        sentence = document.sentence_at(mention.start)
        if _is_former(document, mention, before, after):
            former.append((sentence.start, sentence.end))
        else:
            present.append(mention.start)
    return [(start, end) for start, end in former if not any(start <= place < end for place in present)]


def _tells_of_a_cancer_over(document: Document, sentence: Sentence) -> bool:
    """Whether a line that begins with this sentence tells of a cancer and of its remission or cure."""
    line = document.text[sentence.start : sentence.start + 400].split("\n")[0]
    match = _CANCER_OVER.search(line)
    return match is not None and sentence.start + match.start() < sentence.end


@lru_cache(maxsize=1)
def _sites() -> list[_Site]:
    given = lexicon("oncology_types")["sites"]
    return [
        _Site(
            re.compile(row["site"], re.I),
            {k: v for k, v in row.items() if k not in ("site", "unless")},
            re.compile(row["unless"], re.I) if "unless" in row else None,
        )
        for row in given
    ]


def _by_biopsy(document: Document) -> Iterator[Mention]:
    """The type by a biopsy that gives the histology alone, of the site that is named last before it."""
    for match in _BIOPSY.finditer(document.text):
        before = document.text[max(0, match.start() - _SITE_WITHIN) : match.start()].split("\n\n")[-1]
        here = [site for site in _sites() if site.unless is None or site.unless.search(document.text) is None]
        places = [(m.start(), site.codes) for site in here for m in site.named.finditer(before + match[0])]
        kind = "adenocarcinoma" if match["adenocarcinoma"] or match["zha"] else "squamous"
        code = max(places, key=lambda place: place[0])[1].get(kind) if places else None
        if code is not None:
            group = next(name for name, said in match.groupdict().items() if said)
            yield Mention(code, match.start(group), match.end(group))
            return


def _is_former(document: Document, mention: Mention, before: str, after: str) -> bool:
    section = document.sentence_at(mention.start).section.kind
    text = document.text[mention.end : mention.end + 300]
    if (section == "past" or _FORMER.search(before)) and _OVER.match(after) and _OVER_LATER.match(text):
        return True
    if re.search(
        r"metasta|advanced|stage I|(?<!no )recurren|(?<!no )relaps|转移|(?<!无)复发", before[-30:] + after[:60], re.I
    ):
        return False
    if _LONG_OVER.match(after) or re.search(r"survivor of (?:a |an )?$", before, re.I):
        return True
    if _REMISSION.match(after) and not _TREATED.search(document.text):
        return "solid_tumour" in vocabulary()["tumour.type"].code_ancestors(mention.code)
    return bool(_FORMER.search(before) and _OVER.match(after)) or (section == "past" and bool(_OVER.match(after)))
