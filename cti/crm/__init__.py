"""Customers: look-up, recommendation, adapters to outside CRMs."""
