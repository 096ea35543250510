"""The composition root, and what belongs to no other room."""
