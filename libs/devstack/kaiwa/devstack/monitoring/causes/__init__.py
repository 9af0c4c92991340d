"""The alerts on causes, one file for each question that a dashboard answers."""
