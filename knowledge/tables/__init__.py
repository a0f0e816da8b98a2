"""Reference tables of variants and drug-gene pairs: built from released files, stamped with their release."""
