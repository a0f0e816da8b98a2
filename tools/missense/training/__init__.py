"""Training of the missense predictor; needs the genomics sources."""
