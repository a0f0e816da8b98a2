"""Training of the embedded models and of models on a user's own images."""
