"""Scans and masks as gzipped NIfTI on the grid of the file that was read, for viewers and other programs."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.volume import Volume


def nifti_bytes(volume: Volume, array: npt.NDArray[Any]) -> bytes:
    """An array over the volume's canonical axes as gzipped NIfTI in the file's own axes, world coordinates in mm."""
    import nibabel as nib

    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.source_affine_lps()
    image = nib.Nifti1Image(volume.array_to_source(array), ras)
    image.header.set_xyzt_units("mm")
    data: bytes = gzip.compress(image.to_bytes(), compresslevel=4, mtime=0)
    return data


def mask_nifti(volume: Volume, mask: npt.NDArray[np.bool_], offset: tuple[int, int, int]) -> bytes:
    """A mask over the region at `offset`, over the whole grid (uint8, 1 is lesion)."""
    full = np.zeros(volume.shape, np.uint8)
    full[tuple(slice(o, o + n) for o, n in zip(offset, mask.shape, strict=True))] = mask
    return nifti_bytes(volume, full)


def scan_bytes(volume: Volume) -> bytes:
    """The scan; int16 where it holds whole numbers of that range (Hounsfield units of CT), else float32."""
    values = volume.voxels
    whole = bool(np.abs(values).max() <= np.iinfo(np.int16).max and (values == np.rint(values)).all())
    return nifti_bytes(volume, values.astype(np.int16 if whole else np.float32))
