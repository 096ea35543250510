"""Cards, and notifications of the outcomes of requests, reviews, alerts and policy changes."""
