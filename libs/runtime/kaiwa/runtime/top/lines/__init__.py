"""What is asked, one file for each question of the dashboards."""
