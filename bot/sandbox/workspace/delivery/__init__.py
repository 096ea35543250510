"""How the workspace tells the app what happened: signed requests, or envelopes of Socket Mode."""
