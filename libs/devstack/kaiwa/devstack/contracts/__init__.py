"""The published contracts: their examples, and the command that writes them."""
