"""Pharmacogenomics after CPIC: from genotypes to diplotypes, phenotypes and the drugs that they concern."""
