"""The Web API, `response_url`s, uploads and the WebSocket: everything that the app calls."""
