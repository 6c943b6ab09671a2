"""How accurate learning on a device is: `python -m examples.study`."""
