"""Names in the frame of letters and messages: header lines, greetings, "wrote:", and what stands under a sign-off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.chinese import HAN, is_word
from tools.deid.dictionary import look_up
from tools.deid.identifiers import Identifier, Kind
from tools.deid.names_en import name_run, tokens_at

# Header lines that hold one person or several.
_HEADER = re.compile(
    r"^[ \t>*]*(?:from|to|cc|bcc|sender|reply-to|sent by|attn|attention|attendees|participants|present|in attendance|"
    r"apologies|distribution|copy to|copies to|copied to|发件人|收件人|抄送|密送|参加人员?|出席|主持)"
    r"[ \t]*[:：][ \t]*(?P<persons>[^\n]{2,400})",
    re.IGNORECASE | re.MULTILINE,
)
_BETWEEN = re.compile(r"[;；、]|,(?![ \t]*[A-Z][\w'’-]*[ \t]*(?:<|$|;))|<[^>\n]*>|\([^)\n]*\)|[\"“”]")
_WROTE = re.compile(
    r"(?:^|,)[ \t>]*(?P<person>[^\s,<>][^\n,<]{1,58}?[^\s,<])[ \t]*(?:<[^>\n]{0,200}>[ \t]*)?(?:wrote|写道)[ \t]*[:：]",
    re.MULTILINE,
)
_SIGN_OFF = re.compile(
    r"(?:^|[.!?][ \t]+)[ \t]*(?:(?:with[ \t]+)?(?:(?:kind(?:est)?|best|warm(?:est)?|many)[ \t]+)?"
    r"(?:regards|wishes|thanks)|"
    r"yours(?:[ \t]+(?:sincerely|faithfully|truly|ever))?|sincerely(?:[ \t]+yours)?|respectfully(?:[ \t]+submitted)?|"
    r"cheers|thanks|thank you|signed|cordially)[ \t]*[,.!–-]*[ \t]*(?:\n[ \t]*){0,4}(?=[^\W\d_])",
    re.IGNORECASE | re.MULTILINE,
)
# A given name alone on its line, as friends sign.
_ALONE = re.compile(r"^[ \t>*–-]*(?P<person>[^\W\d_a-z][^\W\d_A-Z]{1,14})[ \t]*$", re.MULTILINE)
_ZH_SIGN_OFF = re.compile(
    rf"(?:此致|敬礼|敬上|顺颂|祝好|谢谢|致礼|商祺|医祺)[！!，。,. \t]*(?:\n[ \t\u3000]*){{1,4}}"
    rf"(?P<person>[{HAN}]{{2,4}})(?=[ \t]*(?:\n|$))"
)
_SIGNED = re.compile(rf"(?<![{HAN}])(?P<person>[{HAN}]{{2,4}})[ \t]*(?:敬上|谨上|亲笔|手书|草于|鞠躬)")


def find_correspondents(text: str) -> Iterator[Identifier]:
    """Persons who write, get, or sign a letter or message."""
    for match in _HEADER.finditer(text):
        yield from _listed(text, match.start("persons"), match.end("persons"))
    for match in _WROTE.finditer(text):
        yield from _at(text, match.start("person"))
    for match in _SIGN_OFF.finditer(text):
        yield from _at(text, match.end())
    for match in _ALONE.finditer(text):
        if look_up(match["person"]).surely_given:
            yield Identifier(Kind.PERSON, match.start("person"), match.end("person"), "signed")
    for pattern in (_ZH_SIGN_OFF, _SIGNED):
        for match in pattern.finditer(text):
            if not is_word(match["person"]):
                yield Identifier(Kind.PERSON, match.start("person"), match.end("person"), "signed", 2)


def _listed(text: str, start: int, end: int) -> Iterator[Identifier]:
    place = start
    while place < end:
        cut = _BETWEEN.search(text, place, end)
        yield from _at(text, place)
        place = cut.end() if cut is not None else end


def _at(text: str, place: int) -> Iterator[Identifier]:
    """The name that stands at `place`, after blanks."""
    while place < len(text) and text[place] in " \t":
        place += 1
    tokens = name_run(text, tokens_at(text, place), trusted=True)
    if tokens:
        yield Identifier(Kind.PERSON, tokens[0].start, tokens[-1].end, "letter", 2)
