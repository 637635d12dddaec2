"""What was decided, judged and told: the policy by its plain definition, bounds, overtakings, and why.

Pure readings of events and facts; nothing here decides, and nothing that decides imports it.
"""
