"""What people ask of compliance on the command line."""
