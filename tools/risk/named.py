"""Which published models a text names."""

from __future__ import annotations

import re
from functools import lru_cache

from tools.risk.catalogue import models

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SHORT = 5
_WORD = re.compile(r"\b[A-Z][A-Za-z0-9]+(?:-\d+)?\b")


def models_named(question: str) -> tuple[str, ...]:
    """Models by name, title or alias; short names only as a word that begins with a capital (PSI, Gail)."""
    text = question.translate(_SUBSCRIPTS)
    folded, words = _letters(text), {word.upper() for word in _WORD.findall(text)}
    words |= {word.replace("-", "") for word in words}
    found = [
        name
        for name, keys in _model_keys().items()
        if any(key in folded if len(key) >= _SHORT else key.upper() in words for key in keys)
    ]
    longest = {name: max(len(key) for key in _model_keys()[name] if key in folded) for name in found}
    return tuple(
        n for n in found if not any(n != other and n in other and longest[other] > longest[n] for other in found)
    )


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


@lru_cache(maxsize=1)
def _model_keys() -> dict[str, tuple[str, ...]]:
    """What each model may be called, in letters and digits alone."""
    common = {"heart", "grace", "prevent", "centor"}
    found = {}
    for name, model in models().items():
        titles = (name, model.title, model.title.partition(" (")[0], *model.aliases)
        keys = dict.fromkeys(
            _letters(re.sub(r"\b(?:score|index|criteria|model)\b", "", text, flags=re.I)) for text in titles
        )
        found[name] = tuple(key for key in keys if len(key) > 2 and key not in common)
    return found
