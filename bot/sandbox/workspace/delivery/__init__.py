"""Deliveries to the app: signed requests, or envelopes of Socket Mode."""
