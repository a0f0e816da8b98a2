"""Whether evidence in a disease of CIViC is evidence for this patient's tumour."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from knowledge.errors import ToolRetry
from knowledge.facts import FactSpec, vocabulary
from knowledge.yamlfile import load_yaml

Relation = Literal["same", "narrower", "any", "other"]


@lru_cache(maxsize=1)
def _codes() -> tuple[dict[str, str], dict[str, str], frozenset[str], frozenset[str]]:
    data = load_yaml(Path(__file__).parent / "diseases.yaml")
    same = {name.casefold(): code for code, names in data["same"].items() for name in names}
    narrower = {name.casefold(): code for code, names in data["narrower"].items() for name in names}
    anything, solid = (frozenset(name.casefold() for name in data[key]) for key in ("any", "any_solid"))
    return same, narrower, anything, solid


def _tumour_spec() -> FactSpec:
    return vocabulary()["tumour.type"]


def tumour_code(text: str) -> str:
    """The code of `tumour.type` for a tumour as written, in any language of the vocabulary, or a CIViC disease name.

    Raises:
        ToolRetry: no code is known for it; the text lists near ones.
    """
    spec = _tumour_spec()
    folded = " ".join(text.replace("_", " ").replace("-", " ").casefold().split())
    for code, value in spec.values.items():
        for name in (code, *value.label.values(), *value.synonyms):
            if " ".join(name.replace("_", " ").replace("-", " ").casefold().split()) == folded:
                return code
    same, narrower, _, _ = _codes()
    found = same.get(text.casefold()) or narrower.get(text.casefold())
    if found is not None:
        return found
    import difflib

    near = difflib.get_close_matches(folded.replace(" ", "_"), spec.values, n=4, cutoff=0.4)
    raise ToolRetry(f"No tumour type is named {text!r}. Near: {', '.join(near) or ', '.join(list(spec.values)[:12])}.")


def tumour_label(code: str) -> str:
    """The English name of a code."""
    return _tumour_spec().values[code].label.get("en", code)


def relation(disease: str, tumour: str | None) -> Relation:
    """How a disease of CIViC stands to the patient's tumour type (a code of `tumour.type`, or None if unknown)."""
    same, narrower, anything, solid = _codes()
    name = disease.casefold()
    if name in anything or (tumour is None and name in solid):
        return "any"
    if tumour is None:
        return "other"
    spec = _tumour_spec()
    ancestors = spec.code_ancestors(tumour)
    if name in solid:
        return "any" if "solid_tumour" in ancestors else "other"
    code = same.get(name)
    if code is not None and code in ancestors:
        return "same"
    sub = code or narrower.get(name)
    if sub is not None and sub in spec.values and tumour in spec.code_ancestors(sub):
        return "narrower"
    return "other"
