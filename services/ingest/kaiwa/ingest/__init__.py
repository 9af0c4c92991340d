"""Meta's webhooks become events in Kafka."""
