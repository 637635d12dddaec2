"""Recorded talks: begun, paused and ended with the contact, sealed when they are over, kept, played and erased."""
