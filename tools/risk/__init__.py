"""Published risk models and scores, and the user's own trained models."""
