"""A case of nothing but variant files, for the commands that work on files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from tools.registry import ToolContext

Origin = Literal["germline", "somatic"]
AssemblyName = Literal["GRCh37", "GRCh38"]


def origin_of(germline: bool, somatic: bool) -> Origin | None:
    """The origin that two flags name. Raises `ToolRetry` where both are set."""
    if germline and somatic:
        raise ToolRetry("Give --germline or --somatic, not both.")
    return "germline" if germline else "somatic" if somatic else None


def known_assembly(text: str | None) -> AssemblyName | None:
    """The assembly that a user names. Raises `ToolRetry` for another name."""
    if text is None:
        return None
    names = {"grch37": "GRCh37", "hg19": "GRCh37", "grch38": "GRCh38", "hg38": "GRCh38"}
    found = names.get(text.lower())
    if found is None:
        raise ToolRetry(f"{text!r} is not an assembly that is known here; use GRCh37 or GRCh38.")
    return cast("AssemblyName", found)


def known_sex(text: str | None) -> Literal["female", "male"] | None:
    """The sex that a user names. Raises `ToolRetry` for another word."""
    if text not in (None, "female", "male"):
        raise ToolRetry(f"{text!r}: --sex is female or male.")
    return cast("Literal['female', 'male'] | None", text)


def case_of(
    files: Sequence[Path],
    assembly: AssemblyName | None,
    origin: Origin | None,
    sample: str | None,
    sex: Literal["female", "male"] | None = None,
) -> ToolContext:
    """A context whose case has `files` as its variant files and nothing else."""
    from knowledge.manifest import file_sha256
    from tools.artifacts import Artifacts
    from tools.case import Attachment, Case, Patient
    from tools.registry import ToolContext

    attachments = tuple(
        Attachment(
            handle=f"variants-{number}", kind="variants", name=path.name, sha256=file_sha256(path), path=path,
            assembly=assembly, origin=origin, sample=sample,
        )
        for number, path in enumerate(files, start=1)
    )  # fmt: skip
    case = Case(id="files", patient=Patient(id="unnamed", sex=sex), attachments=attachments)
    return ToolContext(case, Artifacts(Path(tempfile.gettempdir()) / "consilium-variants"))
