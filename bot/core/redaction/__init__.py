"""Redaction: secrets, literals in SQL, and control characters in text from outside."""
