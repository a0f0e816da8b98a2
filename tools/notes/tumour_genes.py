"""Results of genes in tumour and germline reports: panels, variants, fusions (`lexicon/oncology_genes.yaml`).

A run of genes (`EGFR, ALK and ROS1`) shares the result that stands before it (`no ... alterations`) or after it
(`negative`). A germline result needs a word that says so; a somatic one does not become a germline fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from knowledge.facts import vocabulary
from tools.notes.context import Context
from tools.notes.document import Document, Sentence, lexicon
from tools.notes.hits import hit
from tools.notes.tumour_context import Said, about_tumour, is_other, said

_NEGATIVE = re.compile(
    r"^\s?[-–](?=[\s,;.)/]|$)|\bnegative\b|\bneg\b|-ve\b|wild[\s-]?type|(?<![A-Za-z])wt\b|not (?:detected|"
    r"rearranged|amplified|mutated|found|"
    r"identified|altered|present)|"
    r"(?<!mutation )(?<!deletion )(?<!fusion )(?<!alteration )(?<!rearrangement )(?<!L858R )"
    r"\bretained\b|\bintact\b|"
    r"\bno (?:pathogenic |actionable )?(?:mutations?|alterations?|variants?|"
    r"rearrangements?|"
    r"fusions?|amplification)|\bnormal\b|\babsent\b|un-?mutated|non-?mutated|阴性|野生型|未检出|未检测到|"
    r"未见(?:明确)?(?:致病性?)?(?:突变|变异)|"
    r"无突变|无扩增|无融合|未突变|[（(][-－]+[)）]",
    re.I,
)
_POSITIVE = re.compile(
    r"^\+|^[\s:：(（,-]*(?:c\.[\w>*+_-]+[\s,;:(（]*)?p\.\(?[A-Z][A-Za-z]{0,2}\d+\w*|\bVAF\b|\bpositive\b|\bpos\b|\+ve\b|\bmutat(?:ed|ions?)|\bmutants?\b|\bmut\b(?!\s*/Mb)|\bvariants?\b|"
    r"(?:re)?arrange(?:d|ment)|"
    r"\bfusions?\b|\btranslocat\w+|\bamplifi(?:ed|cation)|\bamp\b|\bdetected\b|\bfound\b|\bpathogenic\b|\bdelet(?:ed|ion)\b|"
    r"\bloss\b|\blost\b|\bcarrier\b|\baltered\b|突变|融合|重排|阳性|扩增|缺失|检出|致病性?变异|[（(][+＋]+[)）]|"
    r"(?<=\w)\+(?=[\s,/)]|$)",
    re.I,
)
_NO_BEFORE = re.compile(
    r"(?:\b(?:no|without|absence of|negative for|nor|neither|no evidence of)\b|无|未见|未检出|未检测到)"
    r"(?P<between>(?:(?!\bno\b|\bwithout\b)[^.;:。；：]){0,70})$",
    re.I,
)
_OPEN = re.compile(
    r"pending|await\w*|to follow|requested|not (?:yet )?(?:tested|done|available|assessed|performed|reported)|"
    r"has not been|unknown|to be (?:tested|done)|outstanding|will be|insufficient|failed|送检|待|未做|未查|"
    r"未检测(?!到)",
    re.I,
)
# `No germline RET result`: nothing was found because nothing was looked at.
_NO_RESULT = re.compile(
    r"^\s*(?:germ-?line )?(?:results?|tests?|testing|reports?|sequencing|analys[ie]s|data)\b|"
    r"^(?:的)?(?:检测|结果|报告)",
    re.I,
)
# `EGFR is wild type, the L858R was a mistake`: no variant named after it counts.
_WILD = re.compile(r"\s*(?:(?:is|was)\s+|[:：]\s*)?(?:wild[- ]?type|wt\b|not mutated|un-?mutated|野生型)", re.I)
# `exon 19 deletion, no T790M`: what stands between a gene and one of its variants may deny that one alone.
_REFUSED = re.compile(
    r"(?:\b(?:no|without|negative for|absence of|not)\b|无|未见|未检出|未检测到|未伴)[^,;.:，。；：]*$", re.I
)
_KINDS = {
    "fusion": re.compile(r"fusion|rearrang|translocat|融合|重排", re.I),
    "amplification": re.compile(r"amplif|\bamp\b|copy number|扩增", re.I),
    "loss": re.compile(r"\bloss\b|\blost\b|delet|缺失", re.I),
    "mutation": re.compile(r"mutat|mutant|wild|\bwt\b|突变|野生", re.I),
}
_GERMLINE = re.compile(r"germ-?line|\bhereditary\b|\bcarrier\b|constitutional|胚系|遗传性|携带", re.I)
_SOMATIC = re.compile(
    r"somatic|tumou?r (?:NGS|sequencing|BRCA|testing|panel)|\bNGS\b|ctDNA|\bsBRCA|\btBRCA|肿瘤组织|体细胞", re.I
)
# A gene named beside a relative is one of the family.
_RELATIVE = re.compile(
    r"\b(?:sister|brother|mother|father|daughter|son|aunt|uncle|cousin|famil(?:y|ial)|relatives?|"
    r"cascade|predictive test\w*)\b|"
    r"[姐妹兄弟母父]亲?|家族",
    re.I,
)
_OF_BRCA = frozenset({"germline.BRCA1", "germline.BRCA2", "germline.brca"})
_BENIGN = re.compile(r"\bVUS\b|uncertain significance|\bbenign\b|polymorphism|意义未明|意义不明|良性变异", re.I)
_VAGUE = re.compile(
    r"\bVUS\b|\b(?:variant of )?(?:uncertain|unknown|unclear) (?:clinical )?significance|\bunclassified variant|"
    r"\bclass (?:3|III|three)\b(?! or| to)|\bACMG (?:class )?3\b|意义未明|意义不明|意义不确定|(?<!\d)3类变异",
    re.I,
)
_RECLASSIFIED = re.compile(
    r"\b(?:reclassif\w+|upgrad\w+|re-?graded)\b[^.;\n]{0,60}?\b(?:(?:likely )?pathogenic|class (?:4|5|IV|V))\b|"
    r"(?:重新分类|升级|更新)为[^。；]{0,6}(?:可能)?致病",
    re.I,
)
_NO_VUS = re.compile(r"\b(?:no|without|nor)\b[^.;]{0,40}$|(?:无|未见)[^。；]{0,12}$", re.I)
_RUN = re.compile(r"^(?:\s+ex(?:on)?\s*\d{1,2}(?:\s*skipping)?)?[\s,/、&和及与()+]*(?:and|or|nor)?[\s/]*$", re.I)


class Gene(NamedTuple):
    """A gene at a place of a sentence."""

    name: str
    start: int
    end: int
    prefix: str


class Outcome(NamedTuple):
    """What a report says of a run of genes: found or not, and the words that say it."""

    positive: bool
    words: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return lexicon("oncology_genes")


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    listed = {*_table()["genes"], *_table()["germline"], *_table()["inherited"]}
    names = sorted(listed - {"H3"}, key=len, reverse=True)
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<p>[gst](?=BRCA))?(?P<g>c-?KIT|p53|BRCA1/2|CDKN2A/B|NTRK1/2/3|NTRK1-3|"
        rf"IDH1/2|H3(?= ?(?:K27|G34))|{'|'.join(names)})(?=wt(?![A-Za-z])|(?![A-Za-z0-9]|-DT))", re.A
    )  # fmt: skip


_THREE = dict(
    zip(
        "ACDEFGHIKLMNPQRSTVWY",
        "Ala Cys Asp Glu Phe Gly His Ile Lys Leu Met Asn Pro Gln Arg Ser Thr Val Trp Tyr".split(),  # noqa: SIM905
        strict=True,
    )
)
_ONE_LETTER = re.compile(r"(?<![A-Za-z\[\\])(?P<a>[A-Z])(?P<n>\d{2,4})(?P<b>[A-Z](?![A-Za-z])|\[[A-Z]+\]|\\w)")


@lru_cache(maxsize=512)
def in_both_codes(pattern: str) -> str:
    """A pattern of protein changes in one-letter code, so that it also meets them in three-letter code."""

    def both(match: re.Match[str]) -> str:
        a, number, b = match["a"], match["n"], match["b"]
        if a not in _THREE:
            return match[0]
        after = r"(?:[A-Z][a-z]{2}|\*)" if b == r"\w" else "|".join(_THREE[x] for x in b.strip("[]") if x in _THREE)
        return f"(?:{match[0]}|{_THREE[a]}{number}(?:{after}))"

    return _ONE_LETTER.sub(both, pattern)


_BARE = re.compile(r"(?<![A-Za-z0-9])(?:T790M|L858R|C797S|T315I)(?![A-Za-z0-9])")
_GENE_OF_BARE = {"T315I": "ABL1"}
_ALIAS = {
    "c-KIT": "KIT", "cKIT": "KIT", "p53": "TP53", "BRCA1/2": "BRCA", "CDKN2A/B": "CDKN2A", "NTRK1/2/3": "NTRK",
    "NTRK1-3": "NTRK", "IDH1/2": "IDH",
}  # fmt: skip


def gene_facts(document: Document) -> Iterator[Said]:
    """Every result of a gene that the note gives of the patient."""
    uncertain = dict(_uncertain(document))
    for made in _results(document):
        name, sentence = made.hit.fact.name, document.sentence_at(made.hit.start)
        gene = name.removeprefix("biomarker.").removesuffix(".mutation")
        place = uncertain.get(f"germline.{gene}")
        here = place is not None and (
            sentence.start <= place[0] < sentence.end or not _SOMATIC.search(document.words(sentence))
        )
        if not (made.hit.fact.value is True and (name in uncertain or here)):
            yield made
    for name, place in list(uncertain.items())[:1]:
        told = said(document, "germline.uncertain_variant", True, *place)
        if told is not None:
            yield told
            named = hit("germline.uncertain_gene", name.removeprefix("germline."), None, *place)
            yield from [Said(named, told.context)] if named is not None else []
    for match in _RECLASSIFIED.finditer(document.text):
        told = said(document, "germline.uncertain_variant", False, match.start(), match.end())
        if told is not None:
            yield told


def _uncertain(document: Document) -> Iterator[tuple[str, tuple[int, int]]]:
    """Germline genes of which the note reports a variant of uncertain significance and no pathogenic one: who calls
    the same gene positive elsewhere means that variant."""
    for sentence in document.sentences:
        words = document.words(sentence)
        vague = _VAGUE.search(words)
        if vague is None or _NO_VUS.search(words[: vague.start()]):
            continue
        for match in _names().finditer(words[: vague.start() + 40]):
            gene = _ALIAS.get(match["g"], match["g"])
            listed = re.search(r"\bno (?:class 4|pathogenic|likely pathogenic)", words[: match.start()], re.I)
            if gene in _table()["germline"] and not listed:
                place = sentence.start + match.start(), sentence.start + max(match.end(), vague.end())
                yield f"germline.{gene}", place


def _results(document: Document) -> Iterator[Said]:
    inherited = False
    for sentence in document.sentences:
        words = document.words(sentence)
        genes = [Gene(_ALIAS.get(m["g"], m["g"]), m.start(), m.end(), m["p"] or "") for m in _names().finditer(words)]
        if inherited and re.search(r"pathogenic variants?|致病", words) and not _SOMATIC.search(words):
            genes = [g._replace(prefix=g.prefix or "g") if g.name in _table()["germline"] else g for g in genes]
        if _RELATIVE.search(words) and not _SOMATIC.search(words):
            genes = [
                g._replace(prefix=g.prefix or "g") if g.name in {*_table()["germline"], "BRCA"} else g for g in genes
            ]
        inherited = _GERMLINE.search(words) is not None
        of_germ_line = inherited or any(g.prefix == "g" or g.name in _table()["inherited"] for g in genes)
        if not (genes or _BARE.search(words)) or not (about_tumour(document.text) or of_germ_line):
            continue
        yield from _bare_variants(document, sentence, genes)
        for run in _runs(words, genes):
            following = next((g.start for g in genes if g.start > run[-1].start), len(words))
            yield from _run_facts(document, sentence, run, following)


def _bare_variants(document: Document, sentence: Sentence, genes: list[Gene]) -> Iterator[Said]:
    """A variant that is named without its gene, such as `T790M negative`."""
    words = document.words(sentence)
    for match in _BARE.finditer(words):
        if any(0 <= match.start() - gene.end < 40 for gene in genes):
            continue
        tail = re.split(r"\.(?=\s|$)|[,;，。；]", words[match.end() :])[0][:60]
        if _OPEN.search(tail):
            continue
        denied = _NO_BEFORE.search(words[: match.start()])
        negative = _NEGATIVE.search(tail)
        start = sentence.start + (denied.start() if denied else match.start())
        end = sentence.start + match.end() + (negative.end() if negative else 0)
        name = f"biomarker.{_GENE_OF_BARE.get(match[0], 'EGFR')}.{match[0]}"
        made = said(document, name, not (denied or negative), start, end)
        if made is not None:
            yield made


def _runs(words: str, genes: list[Gene]) -> list[list[Gene]]:
    """Genes that only commas, slashes and `and` part."""
    runs: list[list[Gene]] = []
    for gene in genes:
        joined = runs and _RUN.match(words[runs[-1][-1].end : gene.start])
        if joined and not words[runs[-1][-1].end : gene.start].strip().startswith((")", "(")):
            runs[-1].append(gene)
        else:
            runs.append([gene])
    return runs


def _run_facts(document: Document, sentence: Sentence, run: list[Gene], stop: int) -> Iterator[Said]:
    words = document.words(sentence)
    outcome = _outcome(words, run, stop)
    tail = words[run[-1].end : stop]
    if _OPEN.search(tail.split(",")[0]) or (outcome is None and _OPEN.search(tail)):
        return
    if _NO_RESULT.match(tail) and _NO_BEFORE.search(words[: run[0].start]):
        return
    for gene in run:
        last = gene is run[-1]
        around = words[max(0, gene.start - 40) : gene.end + 70]
        for name, value, start, end in _facts_of(words, gene, outcome, tail if last else "", around):
            made = said(document, name, value, sentence.start + start, sentence.start + end)
            if made is not None:
                yield made
            elif value and name in _OF_BRCA and is_other(document, sentence.start + start, sentence.start + end):
                told = hit("family_history.brca_variant", True, None, sentence.start + start, sentence.start + end)
                if told is not None:
                    yield Said(told, Context(experiencer="family"))


def _outcome(words: str, run: list[Gene], stop: int) -> Outcome | None:
    before = words[: run[0].start]
    tail = words[run[-1].end : stop]
    denied = _NO_BEFORE.search(before)
    if denied and not _POSITIVE.search(re.sub(r"pathogenic|variants?|mutations?|germline", "", denied["between"])):
        return Outcome(False, denied[0] + tail[:30], denied.start(), run[-1].end)
    explained = (
        re.match(r"[^()]{0,80}\)(?P<after>[^.;,()]{0,40})", words[stop:]) if tail.rstrip().endswith("(") else None
    )
    if explained and (refused := _NEGATIVE.search(explained["after"])):  # `RAS mutation (KRAS or NRAS) not detected`
        end = stop + explained.start("after") + refused.end()
        return Outcome(False, tail + refused[0], run[0].start, end)
    clause = re.split(r"\.(?=\s|$)|[;。；]|,\s*(?:no|without|but)\b|，(?:无|未)", tail)[0][:90]
    near = re.split(r"[,，]", clause)[0]
    for part in (near, clause):
        negative, positive = _NEGATIVE.search(part), _POSITIVE.search(part)
        if negative and re.search(r"un-?methyl", part[: negative.end()], re.I):
            negative = None
        if negative:
            return Outcome(False, part[: negative.end()], run[0].start, run[-1].end + negative.end())
        if positive:
            return Outcome(True, part[: positive.end()], run[0].start, run[-1].end + positive.end())
    prior = re.search(
        r"(?:mutations?|fusions?|rearrangements?|variants?|amplification) (?:in|of|involving) (?:the )?$", before
    )
    if prior:
        return Outcome(True, prior[0], prior.start(), run[-1].end)
    return None


def _facts_of(
    words: str, gene: Gene, outcome: Outcome | None, tail: str, around: str
) -> Iterator[tuple[str, bool, int, int]]:
    if _is_germline(words, gene):
        yield from _germline(gene, outcome, tail, around)
        return
    spec: dict[str, Any] = _table()["genes"].get(gene.name, {})
    found, wild = False, _WILD.match(tail) is not None
    for name, pattern in spec.get("variants", {}).items():
        match = re.match(
            rf"[\s:：(（,-]*(?:\w+\s+)?(?:\d+号外显子\s*)?(?:[^,;.]{{0,18}}?)"
            rf"(?:c\.[\w>*+_-]+[\s,;:(（]*)?(?:p\.[(（]?)?(?P<v>{in_both_codes(pattern)})",
            tail,
            re.I,
        )
        if match is None and gene.name in ("EGFR", "ABL1"):
            match = re.search(rf"(?<![A-Za-z0-9])(?P<v>{pattern})(?![A-Za-z0-9])", tail, re.I)
        if match is not None:
            rest = re.split(r"[,，;；]", tail[match.end("v") :])[0]
            denied = outcome is not None and not outcome.positive and not rest.strip()
            negative = _NEGATIVE.search(rest)
            lost = negative is not None and negative[0].lower() != "retained"  # a variant that is retained is there
            absent = lost or denied or wild or _REFUSED.search(tail[: match.start("v")]) is not None
            if outcome is not None and not outcome.positive and outcome.start < gene.start:
                absent = True
            yield name, not absent, gene.start, gene.end + match.end("v")
            found = True
            if gene.name != "EGFR":
                break
    if outcome is not None and (wild or not found):
        yield from _plain(spec, gene, outcome)


def _plain(spec: dict[str, Any], gene: Gene, outcome: Outcome) -> Iterator[tuple[str, bool, int, int]]:
    kinds = [k for k, pattern in _KINDS.items() if k in spec and pattern.search(outcome.words)]
    if "fusion" in spec and re.search(r"wild|\bwt\b|野生", outcome.words, re.I):
        kinds = [k for k in kinds if k != "mutation"]
    default = next((k for k in spec if k != "variants"), None)
    kind = kinds[0] if kinds else default
    others = [k for k, pattern in _KINDS.items() if k not in spec and pattern.search(outcome.words)]
    unnamed = not kinds and bool(others) and "any" not in spec
    if kind is None or (outcome.positive and (unnamed or kind == "exon14")):
        return
    start, end = min(outcome.start, gene.start), max(outcome.end, gene.end)
    yield spec[kind], outcome.positive, start, end


def _is_germline(words: str, gene: Gene) -> bool:
    if gene.prefix == "g" or gene.name in _table()["inherited"]:
        return True
    if gene.prefix or gene.name not in {*_table()["germline"], "BRCA"}:
        return False
    after = words[gene.end : gene.end + 70]
    clause = re.split(r"[;；.]", words[: gene.start])[-1]
    if _SOMATIC.search(clause[-45:] + gene.name) and not _GERMLINE.search(clause[-45:]):
        return False
    return bool(_GERMLINE.search(clause) or _GERMLINE.search(re.split(r"[;；,，]", after)[0]))


def _germline(gene: Gene, outcome: Outcome | None, tail: str, around: str) -> Iterator[tuple[str, bool, int, int]]:
    name = "germline.brca" if gene.name == "BRCA" else f"germline.{gene.name}"
    if (
        outcome is None
        or name not in vocabulary()
        or _BENIGN.search(around[min(gene.start, 40) :] if outcome.positive else "")
    ):
        return
    if outcome.positive and not re.search(
        r"pathogenic|mutat|carrier|deleterious|positive|致病|突变|携带|阳性", tail + outcome.words + around, re.I
    ):
        return
    yield name, outcome.positive, min(outcome.start, gene.start), max(outcome.end, gene.end)
