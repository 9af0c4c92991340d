"""The door for callers: HTTP on a port of its own, in front of the topics."""
