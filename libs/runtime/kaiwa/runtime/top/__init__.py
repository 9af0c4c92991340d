"""`kaiwa top`: the dashboards' questions in a terminal, from the services' own `/metrics`."""
