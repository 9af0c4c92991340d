"""What was deleted is gone everywhere, with proof."""
