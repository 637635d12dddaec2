"""The pure core: events, facts, commands and the rules that decide. No I/O, clock, randomness or logging."""
