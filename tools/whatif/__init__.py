"""What would change in the recommendations if facts were otherwise."""
