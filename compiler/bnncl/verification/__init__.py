"""Builds generated projects, runs them, and holds their C against the Python reference."""
