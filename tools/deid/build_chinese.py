"""Build `chinese.json.gz`: how likely words, and the characters of personal names, are in Chinese text.

    python -m tools.deid.build_chinese DICT.txt

DICT.txt is the word list of the PyPI package `jieba` 0.42.1 (MIT): word, frequency, part of speech. Words of two to six
characters that are no personal names go into the table with their cost, the negative logarithm of their share, in
tenths; single characters too. Its personal names of two and three characters, each counted once, give the costs of a
family name, of the first and second character of a given name, and of a given name of one character. Which characters
are family names is said in `words.yaml`.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.deid.dictionary import word_list

TARGET = Path(__file__).resolve().with_name("chinese.json.gz")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_NAMES = frozenset({"nr", "nrt", "nrfg"})
_FAMILIAR = "老小阿"  # before a family name: 老张
# Frequent family names that make no word with the character before them.
_FREQUENT = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱郭罗梁宋郑谢韩唐冯董萧曹袁邓沈彭吕卢蒋蔡贾魏薛阎潘杜戴汪姜范马高林何钟田任余"
)
_FEWEST = 5
_LONGEST = 6
_TENTHS = 10
# What a character counts for that the list of names does not have in that place.
_UNSEEN = 0.5


def _costs(counts: Mapping[str, float], total: float) -> dict[str, int]:
    return {key: round(_TENTHS * math.log(total / count)) for key, count in counts.items()}


def _by_cost(costs: Mapping[str, int]) -> dict[str, str]:
    """The words of each cost in one string: a third of the size of a mapping."""
    groups: dict[int, list[str]] = {}
    for word, cost in sorted(costs.items()):
        groups.setdefault(cost, []).append(word)
    return {str(cost): " ".join(words) for cost, words in sorted(groups.items())}


def name_costs(names: Iterable[str], families: frozenset[str]) -> dict[str, dict[str, int]]:
    """Costs of the characters of names, by their place: `family`, `first`, `second`, `only`, and `unseen`."""
    places: dict[str, dict[str, float]] = {name: defaultdict(float) for name in ("family", "first", "second", "only")}
    for name in names:
        family = next((name[:n] for n in (2, 1) if name[:n] in families and len(name) > n), None)
        if family is None or len(name) - len(family) > 2:
            continue
        given = name[len(family) :]
        places["family"][family] += 1
        for place, character in zip(("only",) if len(given) == 1 else ("first", "second"), given, strict=True):
            places[place][character] += 1
    for family in families:
        places["family"][family] += _UNSEEN
    made = {place: _costs(counts, sum(counts.values())) for place, counts in places.items()}
    unseen = {place: round(_TENTHS * math.log(sum(counts.values()) / _UNSEEN)) for place, counts in places.items()}
    return {**made, "unseen": unseen}


def main(arguments: list[str]) -> None:
    """Write the table."""
    families = word_list("zh_families")
    counts: dict[str, int] = {}
    names: list[str] = []
    for line in Path(arguments[0]).read_text(encoding="utf-8").splitlines():
        word, count, part = line.split(" ")
        if not _HAN.fullmatch(word) or len(word) > _LONGEST:
            continue
        bare = word[1:] if word[0] in _FAMILIAR and len(word) > 1 else word
        named = part in _NAMES and len(word) > 1 and (bare[0] in families or word[:2] in families)
        if named and part == "nr" and bare == word:
            names.append(word)
        elif (
            not named and not (word[0] in _FAMILIAR and bare in _FREQUENT) and (int(count) >= _FEWEST or len(word) == 1)
        ):
            counts[word] = max(int(count), 1)
    total = sum(counts.values())
    body = {"words": _by_cost(_costs(counts, total)), **name_costs(names, families)}
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(counts)} words, {len(names)} names, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
