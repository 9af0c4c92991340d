"""The dashboards, one file for each question."""
