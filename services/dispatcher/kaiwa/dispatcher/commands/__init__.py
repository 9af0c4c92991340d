"""What people do with the dispatcher from a shell."""
