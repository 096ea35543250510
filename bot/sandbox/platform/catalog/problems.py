"""The errors of the catalogue. The control plane maps each to a status."""


class Conflict(Exception):
    """Raised if the name is taken."""


class Missing(Exception):
    """Raised if there is no such row."""


class Protected(Exception):
    """Raised if delete protection prevents the change."""


class Invalid(Exception):
    """Raised if the change can't be made as requested."""
