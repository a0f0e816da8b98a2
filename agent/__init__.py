"""The graph that reads a case, calls tools, drafts, verifies and takes a physician's review."""
