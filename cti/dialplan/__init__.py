"""Asterisk's configuration from templates: render, lint, dry run, apply, roll back."""
