"""What is said of a scan, in English and Chinese: the sentences of `words.yaml` with their values."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from knowledge.yamlfile import load_yaml
from tools.imaging.volume import QcFinding, Severity

Language = Literal["en", "zh"]
FILE = Path(__file__).with_name("words.yaml")


@lru_cache(maxsize=1)
def sentences() -> dict[str, dict[str, str]]:
    """The sentences by key and language."""
    made: dict[str, dict[str, str]] = load_yaml(FILE)
    return made


def say(key: str, language: Language, **values: object) -> str:
    """The sentence `key` with its values. Raises `KeyError` where there is none, or a value is not given."""
    return sentences()[key][language].format(**values)


def noticed(code: str, severity: Severity, key: str | None = None, **values: object) -> QcFinding:
    """A finding about a scan; `key` names its sentence where it is not `code`."""
    english, chinese = (say(key or code, language, **values) for language in ("en", "zh"))
    return QcFinding(code=code, severity=severity, text=english, zh=chinese)
