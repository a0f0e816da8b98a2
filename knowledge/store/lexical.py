"""BM25 over passages (Robertson and Zaragoza 2009, doi 10.1561/1500000019; Lucene's variant, by bm25s).

Words are lower-cased and stemmed; names such as PD-L1, L858R or 5-FU are kept whole as well as split; Chinese is cut
into single characters and pairs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[a-z0-9]+(?:[-./*+][a-z0-9]+)*|[\u4e00-\u9fff]+")
_PART = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    _PART.findall(
        "a an and are as at be been but by can could did do does for from had has have how i if in into is it its may "
        "me my of on or our shall should so such than that the their them then there these they this those to us was "
        "we were what when where which who whom whose why will with would you your"
    )
)
_K1, _B = 1.5, 0.75

Scores = npt.NDArray[np.float32]


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer  # type: ignore[import-not-found]

    return Stemmer.Stemmer("english")


def tokens(text: str) -> list[str]:
    """The index terms of a text, in order."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if word[0] > "\u4e00":
            found.extend(word)
            found.extend(word[i : i + 2] for i in range(len(word) - 1))
            continue
        if word in _STOP:
            continue
        parts = _PART.findall(word)
        if len(parts) > 1:
            found.append("".join(parts))
        found.extend(part for part in parts if part not in _STOP)
    return [str(word) for word in _stemmer().stemWords(found)]


class LexicalIndex:
    """A BM25 index in a folder."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.size = int(index.scores["num_docs"])

    @classmethod
    def build(cls, texts: Sequence[Sequence[str]], folder: Path) -> LexicalIndex:
        """Index token lists and write the index to `folder`."""
        import bm25s

        index = bm25s.BM25(method="lucene", k1=_K1, b=_B, backend="numpy")
        index.index([list(t) or ["\u0000"] for t in texts], show_progress=False)
        index.save(str(folder))
        return cls(index)

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Open what `build` wrote, mapped into memory."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder), mmap=True, show_progress=False))

    def scores(self, terms: Sequence[str]) -> Scores:
        """The BM25 score of every passage, in the order in which they were indexed."""
        known = [term for term in terms if term in self._index.vocab_dict]
        if not known:
            return np.zeros(self.size, dtype=np.float32)
        return np.asarray(self._index.get_scores(known), dtype=np.float32)

    def rarity(self, term: str) -> float:
        """Inverse document frequency of a term, ln(1 + (N - n + 0.5)/(n + 0.5)); highest for one never seen."""
        number = self._index.vocab_dict.get(term)
        count = 0
        if number is not None:
            pointers = self._index.scores["indptr"]
            count = int(pointers[number + 1] - pointers[number])
        return float(np.log1p((self.size - count + 0.5) / (count + 0.5)))

    def coverage(self, terms: Sequence[str], power: float = 1.0) -> Scores:
        """For every passage the share (0 to 1) of the query's terms that it holds, weighted by rarity ** `power`."""
        found = np.zeros(self.size, dtype=np.float32)
        total = 0.0
        for term in dict.fromkeys(terms):
            weight = self.rarity(term) ** power
            total += weight
            number = self._index.vocab_dict.get(term)
            if number is not None:
                pointers = self._index.scores["indptr"]
                found[self._index.scores["indices"][pointers[number] : pointers[number + 1]]] += weight
        return found / np.float32(total or 1.0)
