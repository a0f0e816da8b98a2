"""Published models, grouped by field. Each module lists its records in `MODELS`."""
