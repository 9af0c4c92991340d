"""The audit of disclosures at work: it reads events and outcomes in a group of its own, and asks nobody."""
