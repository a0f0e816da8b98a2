"""NIfTI: the free-text fields and extensions of the header are emptied; voxels and geometry stay."""

from __future__ import annotations

from typing import Any

from knowledge.errors import BadInput

_TEXT_FIELDS = ("descrip", "aux_file", "intent_name", "db_name", "data_type")


def deidentify_nifti(source: str, target: str, name: str, surrogates_json: str) -> dict[str, Any]:  # noqa: ARG001
    """Copy a NIfTI image without free text. Runs in a limited child process.

    Raises:
        BadInput: it is not an intact NIfTI image.
    """
    import nibabel as nib

    try:
        image: Any = nib.load(source)
        for field in _TEXT_FIELDS:
            if field in image.header:
                image.header[field] = b""
        if hasattr(image.header, "extensions"):
            image.header.extensions.clear()
        nib.save(image, target)
    except MemoryError:
        raise
    except Exception as error:  # a damaged header can fail anywhere in the reader
        raise BadInput(name, "the whole file", f"it cannot be read ({type(error).__name__})", "NIfTI-1 or -2") from None
    return {}
