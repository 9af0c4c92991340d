"""How large an installation has to be: figures with their sources, a pure plan from them, and `kaiwa sizing`."""
