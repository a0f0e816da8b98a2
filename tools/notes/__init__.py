"""Reading notes: facts with exact spans, negation, who they are about, and when. See `extract.extract`."""
