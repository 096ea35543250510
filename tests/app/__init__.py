"""The composition root, and parts that belong to no other layer."""
