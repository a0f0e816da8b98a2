"""The case, its intake, and the tools that turn it into evidence. No conversation, no language model."""
