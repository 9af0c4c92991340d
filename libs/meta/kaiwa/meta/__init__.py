"""What Meta's platform says: signatures, Graph calls, errors, limits."""
