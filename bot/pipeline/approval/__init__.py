"""Votes, confirmation, withdrawal, reminders and expiry of a waiting request, and the form for reviews."""
