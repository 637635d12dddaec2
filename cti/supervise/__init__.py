"""`cti up`: starts, watches, adopts and stops the processes of one home."""
