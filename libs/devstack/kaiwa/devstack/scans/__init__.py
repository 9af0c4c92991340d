"""What `make lint` looks for beyond code: dependencies with known holes, and secrets in files."""
