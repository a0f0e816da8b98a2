"""BCF to VCF text by htslib (pysam), in a child process with limits on memory and time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from knowledge.errors import BadInput

MEMORY_BYTES = 1 << 31
SECONDS = 3600.0
OUTPUT_BYTES = 1 << 37
ACCEPTED = "BCF 2 that htslib can read"


def to_text(source: Path, name: str) -> Path:
    """A temporary VCF with the records of a BCF; the caller deletes it.

    Raises:
        BadInput: htslib cannot read it, or it takes more memory or time than is allowed.
    """
    from tools.sandbox import run_limited
    from tools.scratch import scratch_parent, scratch_prefix

    descriptor, made = tempfile.mkstemp(
        suffix=".vcf", prefix=f"{scratch_prefix()}bcf-", dir=scratch_parent(8 * source.stat().st_size)
    )
    os.close(descriptor)
    target = Path(made)
    try:
        run_limited(
            "tools.variants.bcf:convert", {"source": str(source), "target": made, "name": name},
            memory_bytes=MEMORY_BYTES, seconds=SECONDS, output_bytes=OUTPUT_BYTES, file=name, imports=("pysam",),
            reads=(source,), writes=(target,),
        )  # fmt: skip
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def convert(source: str, target: str, name: str) -> int:
    """Write `source` as text to `target`; returns the number of records. Runs in the child."""
    import pysam

    count = 0
    try:
        with pysam.VariantFile(source) as stream, open(target, "w", encoding="utf-8") as out:
            out.write(str(stream.header))
            for record in stream:
                out.write(str(record))
                count += 1
    except (OSError, ValueError):
        place = "the header" if not count else f"record {count + 1}"
        raise BadInput(name, place, "htslib cannot read it", ACCEPTED) from None
    return count
