"""Prompts are data: a header, declared variables, nothing undefined."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from prompts.loader import ROOT, PromptError, fill, phrases, prompt

ALL = sorted(str(path.relative_to(ROOT).with_suffix("")) for path in ROOT.rglob("*.txt"))
PAIRS = sorted(path for path in ROOT.rglob("*.en.yaml"))


@pytest.mark.parametrize("name", ALL)
def test_every_prompt_has_purpose_version_and_uses_just_its_variables(name: str) -> None:
    found = prompt(name)
    assert found.purpose
    assert found.version
    for missing in found.variables:
        values = {v: [] if v == "problems" else "x" for v in found.variables - {missing}}
        with pytest.raises(PromptError):
            found.render(**values)
    assert found.render(**{v: [] if v == "problems" else "x" for v in found.variables})


@pytest.mark.parametrize("english", PAIRS, ids=lambda path: path.name)
def test_both_languages_have_the_same_phrases(english: Path) -> None:
    def keys(value: object, prefix: str = "") -> set[str]:
        if not isinstance(value, dict):
            return {prefix}
        return set().union(*(keys(item, f"{prefix}.{key}") for key, item in value.items()))

    chinese = english.with_name(english.name.replace(".en.", ".zh."))
    assert keys(yaml.safe_load(english.read_text("utf-8"))) == keys(yaml.safe_load(chinese.read_text("utf-8")))


@pytest.mark.parametrize("name", ["nothing", "../pyproject", "agent/../../README"])
def test_a_prompt_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(PromptError):
        prompt(name)


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(Exception, match="unsafe"):
        fill("{{ ''.__class__.__mro__ }}")


def test_phrases_of_an_unknown_language_are_an_error() -> None:
    with pytest.raises(PromptError):
        phrases("builtin/phrases", "fr")
