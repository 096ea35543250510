"""Votes, confirmation, withdrawal, reminders and expiry of requests, the form for reviews, and a limit on presses."""
