"""Scripted cases, scorers, reports and benchmarks. The product never imports this package."""
