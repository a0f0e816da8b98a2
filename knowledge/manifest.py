"""The manifest: every table and weight file in the repository, with its source, licence and SHA-256.

`verified_path("knowledge/pgx/alleles.tsv")` is how code opens such a file: the hash is checked once a process,
so that a changed table or a swapped weight file is never used without a word.
"""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from knowledge.errors import BadInput, ToolFailed
from knowledge.paths import ROOT
from knowledge.yamlfile import load_yaml

MANIFEST = ROOT / "knowledge" / "manifest.yaml"


class ManifestRow(BaseModel):
    """One file: where it came from, under which licence, how it was made and what it was checked against."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    title: str = Field(min_length=3)
    source: str = Field(min_length=3)
    release: str
    licence: str = Field(min_length=2)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_by: str
    checked: str

    @field_validator("release", mode="before")
    @classmethod
    def _release_is_text(cls, value: object) -> str:
        return str(value)

    @field_validator("path")
    @classmethod
    def _inside_the_repository(cls, value: str) -> str:
        parts = PurePosixPath(value).parts
        if value.startswith("/") or ".." in parts or not parts:
            raise ValueError("a path is relative to the repository's root")
        return value


def load_manifest(path: Path = MANIFEST) -> dict[str, ManifestRow]:
    """All rows by path. Raises `BadInput` for a row that is not as it should be, or a path named twice."""
    data = load_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise BadInput(path.name, "the whole file", "it has no list `files`", "files: [{path, title, …}]")
    rows: dict[str, ManifestRow] = {}
    for number, body in enumerate(data["files"]):
        try:
            row = ManifestRow.model_validate(body)
        except ValidationError as error:
            shown = body.get("path", f"files[{number}]") if isinstance(body, dict) else f"files[{number}]"
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise BadInput(path.name, str(shown), problems, ", ".join(ManifestRow.model_fields)) from None
        if row.path in rows:
            raise BadInput(path.name, row.path, "it is listed twice", "one row a file")
        rows[row.path] = row
    return rows


@lru_cache(maxsize=1)
def manifest() -> dict[str, ManifestRow]:
    """The manifest that ships with Consilium, read once."""
    return load_manifest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_VERIFIED: set[str] = set()
_LOCK = threading.Lock()


def verified_path(relative: str) -> Path:
    """The path of a manifest file after its hash was checked (once a process).

    Args:
        relative: path from the repository's root, as in the manifest.

    Raises:
        ToolFailed: the file is missing, not in the manifest, or its content is not what the manifest says.
    """
    path = ROOT / relative
    if relative in _VERIFIED:
        return path
    row = manifest().get(relative)
    if row is None:
        raise ToolFailed(f"{relative} is not listed in the manifest, so it is not used.")
    if not path.is_file():
        raise ToolFailed(f"{relative} is missing from this installation.")
    if file_sha256(path) != row.sha256:
        raise ToolFailed(f"{relative} differs from the manifest (SHA-256), so it is not used.")
    with _LOCK:
        _VERIFIED.add(relative)
    return path


def manifest_problems(path: Path = MANIFEST, root: Path = ROOT) -> list[str]:
    """What is wrong with the manifest or its files: one line a problem, empty if all is well."""
    try:
        rows = load_manifest(path)
    except BadInput as error:
        return [str(error)]
    problems = []
    for row in rows.values():
        file = root / row.path
        if not file.is_file():
            problems.append(f"{row.path}: the file is missing")
        elif file_sha256(file) != row.sha256:
            problems.append(f"{row.path}: its SHA-256 is not that of the manifest")
    return problems
