"""Campaigns beyond the ACD: lists read from files, leads fed to the ACD when they may be called, and how far it is."""
