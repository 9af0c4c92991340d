"""What is watched: dashboards, alerts, SLOs and the catalogue of metrics, written as data and generated into files."""
