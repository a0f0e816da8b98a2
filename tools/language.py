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


# `Please answer in English from here on`, `请用中文回答`.
_ASKED = re.compile(
    r"\b(?:answer|reply|respond|write|continue|speak|draft|explain|switch)\b[^.?!]{0,40}?\b(?:in|to)\s+"
    r"(?P<en>English|Chinese|Mandarin)\b|\b(?:English|Chinese),?\s+please\b"
    r"|用(?P<zh>英文|英语|中文|汉语)(?:来)?(?:回答|回复|写|说明|解释|继续|作答|答复)",
    re.I,
)


_ORDER = re.compile(
    rf"(?:\bplease\s+)?(?:请|麻烦)?(?:{_ASKED.pattern})[^.,:;。，：；?？!！]{{0,20}}[.,:;。，：；!！]?\s*", re.I
)


def language_asked_for(text: str) -> Language | None:
    """The language that a message asks to be answered in, if it does."""
    found = _ASKED.search(text)
    if found is None:
        return None
    named = (found["en"] or found["zh"] or found[0]).casefold()
    return "en" if named.startswith(("english", "英")) else "zh"


def without_order(text: str) -> str:
    """A message without the words that ask for its answer in a language."""
    return _ORDER.sub("", text, count=1).strip()


def spoken_language(text: str, otherwise: Language) -> Language:
    """The language of what a person said; `otherwise` where a few names or numbers do not tell."""
    if is_chinese(text):
        return "zh"
    return "en" if not _HAN.search(text) and len(_LATIN_WORD.findall(text)) >= _SENTENCE_WORDS else otherwise
