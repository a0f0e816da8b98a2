"""Models trained on the user's own table: fitted honestly, measured, saved in a format that runs no code."""
