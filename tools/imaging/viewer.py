"""A scan of any format as NIfTI, for a viewer."""

from __future__ import annotations

import numpy as np

from tools.imaging.volume import Volume


def volume_nifti(volume: Volume) -> bytes:
    """The scan over the file's own grid, as NIfTI (int16 where that loses nothing, else float32)."""
    import nibabel as nib

    source = volume.array_to_source(volume.voxels)
    whole = np.asarray(source, np.int16)
    if not np.array_equal(whole, source):
        whole = np.asarray(source, np.float32)
    image = nib.Nifti1Image(whole, np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.source_affine_lps())
    image.header.set_xyzt_units("mm")
    data: bytes = image.to_bytes()
    return data
