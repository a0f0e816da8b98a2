"""The differential: what to think of, what speaks for and against it, and the test that would tell."""
