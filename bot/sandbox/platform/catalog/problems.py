"""Why the catalogue refuses a change; the control plane gives each its status."""


class Conflict(Exception):
    """The name is taken."""


class Missing(Exception):
    """There is no such thing."""


class Protected(Exception):
    """Delete protection stands in the way."""


class Invalid(Exception):
    """The change cannot be made as asked."""
