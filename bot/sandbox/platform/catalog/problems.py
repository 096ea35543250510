"""The catalogue's errors. The control plane turns each into an HTTP status."""


class Conflict(Exception):
    """Raised if the name is taken."""


class Missing(Exception):
    """Raised if the row doesn't exist."""


class Protected(Exception):
    """Raised if delete protection prevents the change."""


class Invalid(Exception):
    """Raised if the change can't be made as requested."""
