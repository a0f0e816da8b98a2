"""Which of the two languages a text is in."""

from __future__ import annotations

import re

from tools.case import Language

_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"\b[A-Za-z][a-z]+\b")
_SENTENCE_WORDS = 3


def is_chinese(text: str) -> bool:
    """Whether a text is Chinese, whatever names and doses in Latin letters it holds."""
    return 4 * len(_HAN.findall(text)) > len(text)


def spoken_language(text: str, otherwise: Language) -> Language:
    """The language of what a person said; `otherwise` where a few names or numbers do not tell."""
    if is_chinese(text):
        return "zh"
    return "en" if not _HAN.search(text) and len(_LATIN_WORD.findall(text)) >= _SENTENCE_WORDS else otherwise
