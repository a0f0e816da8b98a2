"""The table of names and ordinary words (see `build_dictionary`), and the words that clinical text capitalises."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge.manifest import verified_path
from knowledge.yamlfile import load_yaml

_TABLE = "tools/deid/dictionary.txt.gz"
_WORDS, _LISTS = Path(__file__).with_name("words.yaml"), Path(__file__).with_name("eponyms.yaml")
_LETTERS = re.compile(r"[^\W\d_]+")


@cache
def _word_lists() -> dict[str, str]:
    lists: dict[str, str] = {}
    for path in (_WORDS, _LISTS):
        found = load_yaml(path)
        assert isinstance(found, dict)
        lists |= found
    return lists


def word_list(name: str) -> frozenset[str]:
    """The words of one list in `words.yaml` or `eponyms.yaml`."""
    return frozenset(_word_lists()[name].split())


EPONYM_HEADS = word_list("eponym_heads")
EPONYM_PAIRS = word_list("eponym_pairs")
NEVER_NAMES = word_list("never_names")


@dataclass(frozen=True, slots=True)
class Word:
    """What the table says of one word, in any case of letters."""

    given: bool = False
    family: bool = False
    common: bool = False
    ordinary: bool = False
    drug: bool = False

    @property
    def known(self) -> bool:
        """Whether the table has the word at all."""
        return self.given or self.family or self.ordinary or self.drug

    @property
    def surely_given(self) -> bool:
        """A given name that is no ordinary word."""
        return self.given and not self.ordinary

    @property
    def may_be_name(self) -> bool:
        """A name, or a word that the table does not know: not simply an ordinary word."""
        return not (self.ordinary or self.drug) or (self.common and (self.given or self.family))


@cache
def _table() -> dict[str, str]:
    body = gzip.decompress(verified_path(_TABLE).read_bytes()).decode("ascii")
    return dict(line.split("\t") for line in body.splitlines())


@cache
def clinical_words() -> frozenset[str]:
    """Words of the labels in the vocabulary of facts (drugs, genes, conditions): never names on their own."""
    from knowledge.facts import vocabulary

    words: set[str] = set()
    for definition in vocabulary().values():
        for text in (definition.name, *definition.label.values(), *definition.synonyms):
            words.update(word.lower() for word in _LETTERS.findall(text) if len(word) > 2)
    return frozenset(words)


def look_up(word: str) -> Word:
    """What the table says of `word`; a possessive ending and a hyphen are seen through."""
    bare = re.sub(r"['’]s?$", "", word).lower()
    flags = _table().get(bare) or _table().get(re.sub(r"[-'’]", "", bare), "")
    if bare in NEVER_NAMES:
        return Word(ordinary=True)
    return Word("g" in flags, "f" in flags, "c" in flags, "w" in flags, "d" in flags)


# Words of medicine that are names too, those that hardly ever are a person's, and those that often are.
_OF_MEDICINE = (
    "eponyms",
    "diseases",
    "scales",
    "formulas",
    "instruments",
    "anatomy",
    "blood",
    "organisms",
    "makers",
    "report_words",
)
LISTED = frozenset(word for name in _OF_MEDICINE for word in word_list(name))
_RARE = frozenset(word for word in LISTED if not (look_up(word).common or look_up(word).given))
EPONYMS = word_list("eponyms") | _RARE | {word for word in LISTED if look_up(word).ordinary}
SURE_EPONYMS = frozenset(word for word in EPONYMS if not (look_up(word).common or look_up(word).ordinary))
DOUBTFUL = frozenset(word for word in LISTED - EPONYMS if not look_up(word).given)
