"""Texts that people and models read, as data, with one loader."""
