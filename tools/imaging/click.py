"""For whoever shows a scan: the scan and its masks as NIfTI for a viewer, and a click turned into a measured lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from knowledge.errors import ToolRetry
from tools.registry import ToolContext, call_tool

if TYPE_CHECKING:
    from tools.case import Attachment
    from tools.evidence import ToolResult

Axes = Literal["voxel", "world"]


def segment_at(
    context: ToolContext, handle: str, point: tuple[float, float, float], axes: Axes = "voxel"
) -> ToolResult:
    """Outline and measure the lesion at a click.

    Args:
        context: the case and where artifacts go.
        handle: the scan, such as `imaging-1`.
        point: voxel indices (i, j, k) of the file, which are also those of `scan_nifti`; or, with `axes` "world",
            patient millimetres (LPS: x to the left, y to the back, z to the head). A NIfTI viewer's millimetres
            are RAS: change the sign of x and y.

    Returns:
        the result of the `segment_lesion` tool: one Evidence with the measurements as facts, whose locator names the
        mask (`artifact`, gzipped NIfTI on the grid of `scan_nifti`) and a picture (`picture`, PNG).

    Raises:
        ToolRetry: no such scan, or the point lies outside of it.
        ToolFailed: nothing like a lesion is there, or the scan is not one to segment.
        BadInput: the scan cannot be read.
    """
    return call_tool("segment_lesion", {"imaging": handle, f"point_{_ARGUMENT[axes]}": list(point)}, context)


def segment_in(context: ToolContext, handle: str, box: tuple[int, int, int, int, int, int]) -> ToolResult:
    """As `segment_at`, from a drawn box: i, j, k of its first voxel and of its last voxel plus one."""
    return call_tool("segment_lesion", {"imaging": handle, "box_voxels": list(box)}, context)


_ARGUMENT = {"voxel": "voxel", "world": "world_mm"}


def scan_nifti(context: ToolContext, handle: str) -> str:
    """The name of the artifact that holds the scan as gzipped NIfTI, in the file's own axes (written once).

    Values are int16 where the scan holds whole numbers of that range (Hounsfield units of CT), else float32.

    Raises:
        ToolRetry: no such scan.
        BadInput: it cannot be read.
    """
    from tools.imaging.nifti import scan_bytes
    from tools.imaging.study import opened

    scan = _scan(context, handle)
    name = f"{handle}-{scan.sha256[:10]}-scan.nii.gz"
    if name not in context.artifacts.names():
        volume = opened(scan.path, scan.handle, scan.modality, scan.body_part).volume
        context.artifacts.write(name, scan_bytes(volume))
    return name


def _scan(context: ToolContext, handle: str) -> Attachment:
    found = next((item for item in context.case.of_kind("imaging") if item.handle == handle), None)
    if found is None:
        names = ", ".join(item.handle for item in context.case.of_kind("imaging"))
        raise ToolRetry(f"Name one of the scans: {names or 'there is none'}.")
    return found
