"""Everything that the app calls: the Web API, `response_url`s, uploads and the WebSocket."""
