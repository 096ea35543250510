"""The control plane: Turso's Platform API."""
