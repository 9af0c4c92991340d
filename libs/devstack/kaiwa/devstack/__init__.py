"""A real Kafka and a real PostgreSQL without Docker, and the demo on them."""
