"""Read YAML files strictly: safe tags only, duplicate keys refused, errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import BadInput

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]
    """The safe loader, refusing a mapping that names a key twice and aliases (no expansion bombs)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()
            raise yaml.constructor.ConstructorError(None, None, "aliases are not accepted", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def load_yaml_text(text: str, name: str) -> Any:
    """Parse `text`; `name` is the file's name for errors.

    Raises:
        BadInput: the text is not YAML, uses a tag beyond the safe ones, an alias, or repeats a key.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader subclass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark is not None else "the whole file"
        problem = str(getattr(error, "problem", None) or "it is not YAML")
        raise BadInput(name, place, problem, "plain YAML 1.1 without custom tags or aliases") from None


def load_yaml(path: Path, name: str | None = None) -> Any:
    """Read and parse one YAML file in UTF-8. Raises `BadInput` as `load_yaml_text` does."""
    shown = name or path.name
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(shown, f"byte {error.start}", "it is not UTF-8 text", "UTF-8") from None
    return load_yaml_text(text, shown)
