"""What Kaiwa remembers: pool, named SQL, migrations, sealing."""
