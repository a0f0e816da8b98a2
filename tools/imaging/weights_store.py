"""The embedded weights: where they are, and the check of their SHA-256 before loading."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.errors import ToolFailed
from knowledge.yamlfile import load_yaml

FOLDER = Path(__file__).parent / "weights"
_LARGE, _STEP = 4096, "|step"
_MANIFEST = Path(__file__).resolve().parents[2] / "knowledge" / "manifest.yaml"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@lru_cache(maxsize=16)
def verified(file: str) -> tuple[Path, str]:
    """Path and SHA-256 of an embedded file.

    Raises:
        ToolFailed: the file is missing or is not the one in the manifest.
    """
    path = FOLDER / file
    wanted = {row["path"]: row["sha256"] for row in load_yaml(_MANIFEST)["files"]}.get(f"tools/imaging/weights/{file}")
    if wanted is None or not path.is_file():
        raise ToolFailed(f"The embedded model file {file} is not installed.")
    found = file_sha256(path)
    if found != wanted:
        raise ToolFailed(f"The embedded model file {file} is not the one in the manifest; install Consilium again.")
    return path, found


def load_weights(file: str) -> tuple[dict[str, Any], str]:
    """The state dict in `file` (as float32) and its SHA-256. Raises `ToolFailed` as `verified` does."""
    import torch

    path, digest = verified(file)
    return unpacked(torch.load(path, weights_only=True, map_location="cpu")), digest


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """A state dict in a quarter of its size: large arrays as 8-bit steps of each first index, under
    `KEY` and `KEY|step`; the rest in half precision."""
    import torch

    made: dict[str, Any] = {}
    for key, value in state.items():
        if value.is_floating_point() and value.ndim > 1 and value.numel() >= _LARGE:
            step = value.abs().amax(dim=tuple(range(1, value.ndim)), keepdim=True).clamp(min=1e-12) / 127
            made |= {key: torch.round(value / step).to(torch.int8), key + _STEP: step}
        else:
            made[key] = value.half() if value.is_floating_point() else value
    return made


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """The state dict in float32, from half precision or from `packed`."""
    made = {}
    for key, value in state.items():
        if key + _STEP in state:
            made[key] = value.float() * state[key + _STEP]
        elif not key.endswith(_STEP):
            made[key] = value.float() if value.is_floating_point() else value
    return made


@lru_cache(maxsize=16)
def load_numbers(file: str) -> dict[str, Any]:
    """The JSON mapping in `file`. Raises `ToolFailed` as `verified` does."""
    path, _ = verified(file)
    numbers: dict[str, Any] = json.loads(path.read_text())
    return numbers
