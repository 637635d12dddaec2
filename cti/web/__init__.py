"""The HTTP API, live events, sign-in and the desktop's pages."""
