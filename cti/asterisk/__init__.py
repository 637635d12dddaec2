"""All that speaks to Asterisk: ARI, AMI, translation of its events, calls, endpoints."""
