"""The tumour's type: names of the vocabulary, and histology with its site (`lexicon/oncology_types.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from knowledge.facts import vocabulary
from tools.notes.context import Context
from tools.notes.document import Document, lexicon
from tools.notes.hits import hit
from tools.notes.tumour_context import Said, denial, is_other, is_uncertain, parts

_FORMER = re.compile(
    r"(?:\b(?:(?:personal |past )?history|previous(?:ly)?|prior|former(?:ly)?|h/o|PMHx?|remote|treated for)\b|"
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
_NOT_A_DIAGNOSIS = re.compile(
    r"^[ -]*(?:risk|screening|prevention|gene|susceptib|surveillance|clinic|MDT|multidisciplinary|team|unit|nurse|"
    r"antigen|family|panel|predisposition|list|service|markers?)\b|^(?:筛查|风险|家族史|门诊)",
    re.I,
)
_AS_METASTASIS = re.compile(r"^[ -]*(?:metasta|mets?\b|deposits?|secondar)|^转移", re.I)
_NOT_THE_TUMOUR = re.compile(r"\b(?:no|without) (?:evidence of )?(?:transformation to |a )?$", re.I)


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
    for mention in mentions(document, named):
        before, after = parts(document, mention.start, mention.end)
        if is_other(document, mention.start, mention.end) or denial(document, mention.start, mention.end):
            continue
        if _NOT_A_DIAGNOSIS.match(after) or _AS_METASTASIS.match(after) or _NOT_THE_TUMOUR.search(before):
            continue
        if _is_former(document, mention, before, after):
            continue
        made = hit("tumour.type", mention.code, None, mention.start, mention.end)
        if made is not None:
            time = "hypothetical" if is_uncertain(document, mention.start, mention.end) else "current"
            yield Said(made, Context(time=time))  # type: ignore[arg-type]


def _is_former(document: Document, mention: Mention, before: str, after: str) -> bool:
    section = document.sentence_at(mention.start).section.kind
    if re.search(
        r"metasta|advanced|stage I|(?<!no )recurren|(?<!no )relaps|转移|(?<!无)复发", before[-30:] + after[:60], re.I
    ):
        return False
    return bool(_FORMER.search(before) and _OVER.match(after)) or (section == "past" and bool(_OVER.match(after)))
