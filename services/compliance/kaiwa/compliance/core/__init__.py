"""The decisions of compliance: no I/O, time and keys are arguments."""
