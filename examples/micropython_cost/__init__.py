"""What inferring and learning cost under MicroPython, beside plain C on the same emulated core."""
