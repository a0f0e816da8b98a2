"""What the physician says in the conversation, as evidence."""
