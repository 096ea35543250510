"""What runs beside each other: background loops, and answers that callers share."""
