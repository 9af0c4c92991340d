"""What every Kaiwa service wears: settings, logs, metrics, health, a clean stop."""
