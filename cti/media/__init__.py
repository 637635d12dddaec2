"""Media other than voice: each behind one Protocol."""
