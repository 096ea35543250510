"""The page on which one uses the local workspace from a browser."""
