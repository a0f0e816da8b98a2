"""Chromosome names and the lengths by which an assembly is recognised.

Lengths are those of the primary assemblies GRCh37 (GCA_000001405.1) and GRCh38 (GCA_000001405.15), as every
reference FASTA index lists them. The mitochondrial sequence NC_012920.1 has 16,569 bases in both; hg19's chrM of
16,571 bases is another sequence and is not used.
"""

from __future__ import annotations

CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
NUMBER = {name: index + 1 for index, name in enumerate(CHROMOSOMES)}

LENGTHS: dict[str, dict[str, int]] = {
    "GRCh37": dict(zip(CHROMOSOMES, (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
        135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
        48129895, 51304566, 155270560, 59373566, 16569), strict=True)),
    "GRCh38": dict(zip(CHROMOSOMES, (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
        135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
        46709983, 50818468, 156040895, 57227415, 16569), strict=True)),
}  # fmt: skip

_REFSEQ = {f"NC_{number:06d}": name for name, number in NUMBER.items() if name != "MT"} | {"NC_012920": "MT"}


def chromosome_name(text: str) -> str | None:
    """The plain name (`7`, `X`, `MT`) of `7`, `chr7`, `chrM` or `NC_000007.14`; None for any other contig."""
    name = text[3:] if text[:3].lower() == "chr" else text
    if name in NUMBER:
        return name
    if name.upper() in ("M", "X", "Y", "MT"):
        return "MT" if name.upper() in ("M", "MT") else name.upper()
    return _REFSEQ.get(text.split(".", maxsplit=1)[0])
