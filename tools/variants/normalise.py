"""Normal form of an allele: trimmed and, with a reference sequence, moved as far left as it goes.

Tan, Abecasis and Kang 2015 (doi:10.1093/bioinformatics/btv112): a variant is normal when it is as short as it can be
and no base further left.
"""

from __future__ import annotations

from collections.abc import Callable

Base = Callable[[int], str]


def trim(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Cut off shared ends, keeping one base of each allele (1-based position)."""
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def left_align(position: int, ref: str, alt: str, base: Base) -> tuple[int, str, str]:
    """The normal form of an allele.

    Args:
        position: 1-based position of the first base of `ref`.
        ref: reference bases, upper case.
        alt: alternate bases, upper case, different from `ref`.
        base: the reference base at a 1-based position of this chromosome, upper case.
    """
    if ref == alt:
        return position, ref, alt
    while ref[-1:] == alt[-1:] and (position > 1 or min(len(ref), len(alt)) > 1):
        ref, alt = ref[:-1], alt[:-1]
        if not ref or not alt:
            if position == 1:
                following = base(1 + len(ref or alt))
                return 1, ref + following, alt + following
            position -= 1
            before = base(position)
            ref, alt = before + ref, before + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt
