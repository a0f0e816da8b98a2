"""A report in the formats that other systems read."""
