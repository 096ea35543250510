"""The steps between a request and its start: votes, confirmation, withdrawal and expiry."""
