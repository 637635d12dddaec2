"""The menu interpreter: a pure function over (menu, input). Knows no Asterisk, clock or network."""
