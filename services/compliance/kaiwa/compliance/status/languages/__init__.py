"""What the page says, a language a file."""
