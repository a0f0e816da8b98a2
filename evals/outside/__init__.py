"""Adapters that run Consilium on benchmarks of others. The data are given by path; none are in the repository."""
