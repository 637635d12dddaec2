"""The desktop in a real browser, against a real centre."""
