"""Handle command lines and buttons: reply, open a form, or open a request."""
