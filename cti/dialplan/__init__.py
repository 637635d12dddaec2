"""Asterisk's configuration made from the centre file: rendering and putting in place."""
