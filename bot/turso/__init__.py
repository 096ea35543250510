"""The Turso Platform API: a typed client. `http.connect()` makes a `client.TursoClient`; `errors` says what went wrong."""
