"""Chinese words for sentences that are written in English: the folder `zh` beside the English files.

Each file maps the id of a recommendation or safety row to its Chinese sentence. What has a Chinese sentence in its own
file keeps that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from knowledge.errors import BadInput
from knowledge.yamlfile import load_yaml

DOSES, EFFECTS, ORGANISATIONS = "doses.yaml", "effects.yaml", "organisations.yaml"
Row = TypeVar("Row", bound=BaseModel)


@lru_cache(maxsize=4)
def sentences(directory: Path) -> Mapping[str, str]:
    """Chinese sentence by id, from `directory/zh`; empty where there is no such folder.

    Raises:
        BadInput: a file is no mapping of text to text, or an id is given twice.
    """
    found: dict[str, str] = {}
    for path in sorted((directory / "zh").glob("*.yaml")):
        if path.name in (DOSES, EFFECTS, ORGANISATIONS):
            continue
        for name, text in _mapping(path).items():
            if name in found:
                raise BadInput(path.name, name, "the id is given twice", "one sentence for an id")
            found[name] = text
    return found


@lru_cache(maxsize=8)
def words(directory: Path, file: str) -> Mapping[str, str]:
    """Chinese words by their English ones, from one file of `directory/zh`: `DOSES`, `EFFECTS` or `ORGANISATIONS`."""
    path = directory / "zh" / file
    return _mapping(path) if path.is_file() else {}


def _mapping(path: Path) -> dict[str, str]:
    given = load_yaml(path)
    wrong = [k for k, v in given.items() if not isinstance(v, str)] if isinstance(given, dict) else ["the whole file"]
    if wrong:
        raise BadInput(path.name, str(wrong[0]), "it is no text", "English id or words: Chinese text")
    return dict(given)


def with_chinese(row: Row, directory: Path) -> Row:
    """The row with its Chinese sentence and effect, where it has an English one and no Chinese one of its own."""
    text: Mapping[Any, str] | None = getattr(row, "text", None)
    chinese = sentences(directory).get(getattr(row, "id", ""))
    if text is not None and chinese is not None and "zh" not in text:
        row = row.model_copy(update={"text": {**text, "zh": chinese}})
    effect: Mapping[Any, str] | None = getattr(row, "effect", None)
    if effect is not None and "zh" not in effect and (told := words(directory, EFFECTS).get(effect["en"])) is not None:
        row = row.model_copy(update={"effect": {**effect, "zh": told}})
    return row
