"""Data to try things with: databases that look like a small company's, their past, and traffic."""
