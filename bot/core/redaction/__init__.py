"""Text that must not be shown or stored as it came: secrets, literals in SQL, control characters."""
