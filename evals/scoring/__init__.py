"""Scores of one run against one scripted case, and their intervals over a suite."""
