"""Send requests become calls, under every rule, at most once."""
