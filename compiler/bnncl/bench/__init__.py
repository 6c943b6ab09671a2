"""Counted instructions of single layers: what each kernel takes on each core, beside what it could take."""
