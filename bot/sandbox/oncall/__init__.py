"""Local stand-ins for the services that keep on-call schedules, with one roster behind all of them."""
