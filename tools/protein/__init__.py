"""Proteins: what a mutation meets in a structure, and how much it may cost in stability."""
