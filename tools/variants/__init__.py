"""Variants: from a VCF, or as people write them, to their clinical meaning."""
