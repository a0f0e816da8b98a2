"""Chinese text cut into words and personal names: the likeliest cut of a unigram model (Viterbi).

A name is a family name and a given name of one or two characters whose costs the table holds; what stands before and
behind may speak for a name. The idea is that of Sproat, Shih, Gale and Chang (Computational Linguistics 1996;22:377).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from knowledge.manifest import verified_path
from tools.deid.dictionary import clinical_words, word_list

HAN = "\u4e00-\u9fff"
_TABLE = "tools/deid/chinese.json.gz"
_RUN = re.compile(rf"[{HAN}]+")
_LONGEST_WORD = 10
# Costs are negative natural logarithms in tenths. One token in some hundred is a name; about a sixth of names have two
# characters. The other figures were set on the notes that the rules were worked on.
_NAME, _TWO, _THREE, _FAMILY_ALONE = 35, 18, 2, 20
_UNKNOWN_CHARACTER = 150
_OWN_WORD = 90
_FOR_TITLE, _FOR_LABEL, _FOR_LEAD, _FOR_NEXT, _FOR_EDGE = 50, 80, 30, 15, 10
_FOR_ALONE = 25  # nothing else stands between two marks

_TITLE = re.compile(
    r"(?:副?主任(?!治)|(?:主治|住院|副主任|主任|经治|规培|进修)?(?:医师|医生)|大夫|教授|护士长?|护师|护工|护理员|院长|科长|药师|药剂师|技师|"
    r"治疗师|康复师|营养师|咨询师|社工|师傅|老师|校长|先生|女士|小姐|太太|夫人|同志|同学|阿姨|大爷|大妈|大娘|大叔|大伯|大姐|大哥|叔叔|伯伯|婶|"
    r"奶奶|爷爷|老太|老汉|某|律师|警官|法官|经理|总(?![是之计共量数胆蛋血IT]))"
)
_KIN_TITLE = re.compile(rf"[姐哥叔婶姨伯嫂爷工](?![{HAN}]{{0,1}}[妹弟作])")
_LABEL = re.compile(
    r"(?:姓\s*名|曾用名|联系人|联络人|家属|亲属|监护人|法定代理人|代理人|委托人|被委托人|陪同者|陪护者?|陪护人|供史者|陈述者|签\s*名|签\s*字|签署|"
    r"医师|医生|护士|药师|技师|术者|主刀|一助|二助|助手|麻醉|巡回|器械|记录者|记录人|记录|报告人?|审核人?|操作者?|执行者?|核对者?|复核|"
    r"双人核对|值班|交班|接班|主持人?|参加人?|参加者|出席|在场|列席|父亲?|母亲?|丈夫|妻子|配偶|儿子|女儿|患者|病人|患儿|产妇|申请人|"
    r"送检|会诊|上级|责任人?|随访人|见证人|谈话人?|告知人?|转告人?|来电者?|致电者?|寄件人|收件人|发件人|抄送|经办人|此致|尊敬的)"
    r"(?:签\s*[名字]|姓名)?\s*(?:[:：]|名叫|姓名为)\s*$"
)
_LEAD = re.compile(
    r"(?:由|应|请|与|和|及|同|跟|对|向|给|让|为|是|叫|找|问|替|经|见|随|通知|联系|告知|询问|转告|转交|致电|呼叫|电话|感谢|陪同|陪护|邀请|委托|指导|"
    r"师|生|士|员|任|长|授|刀|助|醉|人|者|子|女|妻|夫|父|母|兄|弟|姐|妹|叔|舅|姨|姑|伯|孙|媳|婿|嫂|侄|甥|爷|奶|公|婆|偶|属|友|事|居|嘱|班|字|称|"
    r"诉|患者|病人|小|老|阿)[ \t\"“”]*$"
)
_NEXT = re.compile(
    r"(?:诉|述|称|说|讲|问|答|于|由|及|与|和|的|已|现|在|从|因|自|表示|认为|觉得|希望|要求|同意|拒绝|接|邀|联系|陪|来|去|到|送|签|男|女|今|昨|"
    r"入院|出院|转入|术[后前]|之|也|仍|再|又|便|就|将|会|曾|是|为|病情|一般|神志|目前|体温|血压|未|无|有|可|能|患|行|予|给|把|被|让|带|拿|打|"
    r"建议|提出|指出|报告|查看|查房|复[诊查]|随访|主[诉刀持]|讲解|解释|电话|负责|照[顾看]|签字|团队|家属|家中|家里|本人|夫妇|一家|突发|突然|晕|等|"
    r"[（(【])"
)
_NEVER_GIVEN = word_list("zh_never_given")
# Family names that are small words far more often, where they stand before a title.
_HARDLY_ALONE = frozenset("和向应由经有从后公能都那年生来过因位户但如与该对让为是")
_IN_FIGURES = re.compile(r"[\dA-Za-z%|\[\]]")
_EDGE_BEFORE = re.compile(rf"[^{HAN}]$")
_EDGE_AFTER = re.compile(rf"[^{HAN}]|$")


@dataclass(frozen=True, slots=True)
class Cut:
    """One name that the cut found: characters `start` to `end` of the text, and whether a label or a title says so."""

    start: int
    end: int
    said: bool


@dataclass(frozen=True)
class _Table:
    words: dict[str, int]
    family: dict[str, int]
    first: dict[str, int]
    second: dict[str, int]
    only: dict[str, int]
    unseen: dict[str, int]
    endings: tuple[re.Pattern[str], int]

    def given(self, text: str) -> int:
        """The cost of a given name of one or two characters."""
        if len(text) == 1:
            return _TWO + self.only.get(text, self.unseen["only"])
        first = self.first.get(text[0], self.unseen["first"])
        return _THREE + first + self.second.get(text[1], self.unseen["second"])


@cache
def _table() -> _Table:
    body = json.loads(gzip.decompress(verified_path(_TABLE).read_bytes()))
    words = {word: int(cost) for cost, group in body["words"].items() for word in group.split()}
    own = {word for word in clinical_words() if _RUN.fullmatch(word) and 1 < len(word) <= _LONGEST_WORD}
    for word in own.union(*map(word_list, ("zh_clinical", "zh_general", "zh_eponyms", "zh_brands"))):
        words[word] = min(_OWN_WORD, words.get(word, _OWN_WORD))
    endings = "|".join(sorted(word_list("zh_drug_ends"), key=len, reverse=True))
    drugs = re.compile(rf"[{HAN}]{{1,4}}?(?:{endings})"), _OWN_WORD
    return _Table(words, body["family"], body["first"], body["second"], body["only"], body["unseen"], drugs)


def is_word(text: str) -> bool:
    """Whether Chinese characters are a word of the table, which holds no personal names."""
    return text in _table().words


def names_in(text: str) -> Iterator[Cut]:
    """The personal names of the likeliest cut of each run of Chinese characters in `text`."""
    for run in _RUN.finditer(text):
        yield from _names_of(text, run.start(), run.end())


def _names_of(text: str, start: int, end: int) -> Iterator[Cut]:
    table = _table()
    length = end - start
    best = [0] + [1 << 30] * length
    last: list[tuple[int, Cut | None]] = [(0, None)] * (length + 1)
    for i in range(length):
        place, here = start + i, best[i]
        for stop, cost, name in (*_words_at(table, text, place, end), *_candidates(table, text, place, start, end)):
            if here + cost < best[stop - start]:
                best[stop - start], last[stop - start] = here + cost, (i, name)
    found: list[Cut] = []
    i = length
    while i:
        i, name = last[i]
        if name is not None:
            found.append(name)
    yield from reversed(found)


def _words_at(table: _Table, text: str, place: int, end: int) -> Iterator[tuple[int, int, None]]:
    yield place + 1, table.words.get(text[place], _UNKNOWN_CHARACTER), None
    for stop in range(place + 2, min(place + _LONGEST_WORD, end) + 1):
        cost = table.words.get(text[place:stop])
        if cost is not None:
            yield stop, cost, None
    pattern, cost = table.endings
    drug = pattern.match(text, place, min(end, place + _LONGEST_WORD))
    if drug is not None and drug.end() - place > 2:
        yield drug.end(), cost, None


def _candidates(table: _Table, text: str, place: int, run_start: int, end: int) -> Iterator[tuple[int, int, Cut]]:
    """Names that can begin at `place`, with their costs."""
    for size in (1, 2):
        family = table.family.get(text[place : place + size]) if place + size <= end else None
        if family is None:
            continue
        before = text[max(0, place - 10) : place]
        lead, labelled = _lead(before)
        for given in (0, 1, 2):
            stop = place + size + given
            if stop > end:
                break
            follow, titled = _follow(text, stop)
            if _NEVER_GIVEN.intersection(text[place + size : stop]):
                break
            if given == 0 and (text[place] in _HARDLY_ALONE or not titled) and not before.endswith(("小", "老")):
                continue
            alone = (
                place == run_start
                and stop == end
                and given > 0
                and not _IN_FIGURES.search(text[place - 1 : place] + text[stop : stop + 1])
            )
            cost = _FAMILY_ALONE if given == 0 else table.given(text[place + size : stop])
            yield stop, _NAME + family + cost - lead - follow - alone * _FOR_ALONE, Cut(place, stop, labelled or titled)


def _lead(before: str) -> tuple[int, bool]:
    """What the text before a name counts for it, and whether it is a label."""
    if _LABEL.search(before):
        return _FOR_LABEL, True
    if _LEAD.search(before):
        return _FOR_LEAD, False
    return (_FOR_EDGE if not before or _EDGE_BEFORE.search(before) else 0), False


def _follow(text: str, stop: int) -> tuple[int, bool]:
    """What the text behind a name counts for it, and whether it is a title."""
    if _TITLE.match(text, stop):
        return _FOR_TITLE, True
    if _KIN_TITLE.match(text, stop) or _NEXT.match(text, stop):
        return _FOR_NEXT, False
    return (_FOR_EDGE if _EDGE_AFTER.match(text, stop) else 0), False
