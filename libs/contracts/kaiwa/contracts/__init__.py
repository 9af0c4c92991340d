"""What Kaiwa's services say to each other: topics, records, reasons. Pure: no I/O in this room."""
