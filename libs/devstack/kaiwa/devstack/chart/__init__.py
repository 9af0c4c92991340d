"""The parts of the Helm chart that the code knows best: topics, access, and the services' settings."""
