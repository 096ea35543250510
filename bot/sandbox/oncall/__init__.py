"""Local stand-ins for the services with on-call schedules. All of them read one roster."""
