"""The steps between opening and starting a request: votes, confirmation, withdrawal and expiry."""
