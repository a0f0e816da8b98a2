"""Read YAML files strictly: safe tags only, duplicate keys refused, errors that name the line."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import BadInput
from knowledge.paths import cache_dir

_CACHED_FROM_BYTES = 20_000
_DEEPEST = 50
_ACCEPTED = "plain YAML 1.1 without custom tags or aliases"

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]
    """The safe loader, refusing a mapping that names a key twice and a value that is none of its kind."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
            # PyYAML takes a tag at its word: `!!bool maybe`, `!!timestamp soon`, the 30th of February.
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"it is no {kind}", node.start_mark) from None

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


def _refuse_bombs(text: str) -> None:
    """Refuse aliases (they expand) and deep nesting (it exhausts the stack), before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        if isinstance(event, yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases are not accepted", mark)
        if isinstance(event, yaml.events.CollectionStartEvent | yaml.events.CollectionEndEvent):
            depth += 1 if isinstance(event, yaml.events.CollectionStartEvent) else -1
        if depth > _DEEPEST:
            raise yaml.constructor.ConstructorError(None, None, "it is nested too deeply", mark)


def load_yaml_text(text: str, name: str) -> Any:
    """Parse `text`; `name` is the file's name for errors.

    Raises:
        BadInput: the text is not YAML, uses a tag beyond the safe ones, an alias, or repeats a key.
    """
    try:
        _refuse_bombs(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader subclass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark is not None else "the whole file"
        problem = str(getattr(error, "problem", None) or "it is not YAML")
        raise BadInput(name, place, problem, _ACCEPTED) from None


def load_yaml(path: Path, name: str | None = None) -> Any:
    """Read and parse one YAML file in UTF-8. Raises `BadInput` as `load_yaml_text` does.

    A large file that was parsed before is read from the cache folder, where it is kept as JSON under its SHA-256.
    """
    shown = name or path.name
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(shown, f"byte {error.start}", "it is not UTF-8 text", "UTF-8") from None
    if len(raw) < _CACHED_FROM_BYTES:
        return load_yaml_text(text, shown)
    try:
        cached = cache_dir() / "yaml" / f"{hashlib.sha256(raw).hexdigest()}.json"
        return json.loads(cached.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = load_yaml_text(text, shown)
    with contextlib.suppress(OSError, TypeError, ValueError):  # the cache only saves time
        _keep(data, cached)
    return data


def _keep(data: Any, cached: Path) -> None:
    """Write `data` as JSON if JSON gives the very same data back."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if json.loads(text) != data:
        return
    cached.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=cached.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, cached)
