"""Work out what follows from an outcome, and commit it with the request's next state."""
