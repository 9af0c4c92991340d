"""What the dispatcher does with records: one module per topic, each a batch handler that is one transaction."""
