"""Load and render prompts.

A prompt is a text file with a header between two lines of `---`: `purpose`, `variables` (comma-separated) and
`version`. The rest is a Jinja template; a variable that is not given, or given and not declared, is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

ROOT = Path(__file__).parent


class PromptError(LookupError):
    """A prompt is missing, has no header, or was rendered with the wrong variables."""


@dataclass(frozen=True)
class Prompt:
    """One prompt: its header and its template text."""

    name: str
    purpose: str
    variables: frozenset[str]
    version: str
    template: str

    def render(self, **values: Any) -> str:
        """The text with `values` filled in. Raises `PromptError` unless exactly the declared variables are given."""
        if set(values) != self.variables:
            raise PromptError(f"{self.name} takes {sorted(self.variables)}, not {sorted(values)}")
        return _compiled(self.template).render(**values).strip()


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


@lru_cache(maxsize=256)
def prompt(name: str) -> Prompt:
    """The prompt `name`, such as `agent/system`. Raises `PromptError` if there is none or its header is wrong."""
    path = ROOT / f"{name}.txt"
    if not path.is_file() or not path.resolve().is_relative_to(ROOT):
        raise PromptError(f"there is no prompt {name!r}")
    _, header, template = path.read_text(encoding="utf-8").split("---\n", 2)
    fields = yaml.safe_load(header)
    variables = frozenset(v.strip() for v in str(fields["variables"] or "").split(",") if v.strip())
    return Prompt(name, fields["purpose"], variables, str(fields["version"]), template)


@lru_cache(maxsize=32)
def phrases(name: str, language: str) -> dict[str, Any]:
    """The phrases `name` (a YAML mapping of short texts) in `language`. Raises `PromptError` if there are none."""
    path = ROOT / f"{name}.{language}.yaml"
    if not path.is_file():
        raise PromptError(f"there are no phrases {name!r} in {language!r}")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def fill(template: str, **values: Any) -> str:
    """A short phrase with `{{ variables }}` filled in; an undefined variable is an error."""
    return _compiled(template).render(**values)


@lru_cache(maxsize=1024)
def _compiled(template: str) -> Template:
    return _environment().from_string(template)
