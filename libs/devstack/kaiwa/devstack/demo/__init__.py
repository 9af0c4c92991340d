"""The main job, played: customers, a bot and a person; a real Kafka; the promises checked. Begin with `story`."""
