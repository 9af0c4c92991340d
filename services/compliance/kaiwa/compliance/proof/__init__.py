"""What others may check: the ledger read back, compared with its checkpoints, and handed on in files."""
