"""Statistics of measured markers against an outcome, and of genes over a cohort."""
