"""What the dispatcher decides: pure functions of frozen values. Time is an argument, nothing here does I/O."""
