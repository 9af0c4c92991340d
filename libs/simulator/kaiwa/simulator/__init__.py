"""Meta in a box, for laptops and tests."""
