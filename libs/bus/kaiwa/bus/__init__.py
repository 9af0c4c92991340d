"""How records move: producer, batches, offsets, quarantine, topics."""
