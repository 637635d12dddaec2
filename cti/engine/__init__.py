"""The loop that owns the Acd: mailbox, dispatch, timers, journal writing, reconciliation. Decides nothing itself."""
