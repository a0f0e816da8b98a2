"""The report of a run: self-contained HTML that prints well, JSON of the same, and a rendering for the terminal."""
