"""The user's own documents: read in a limited process, cut into passages, kept in a library."""
