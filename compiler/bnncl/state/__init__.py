"""Learned state from the field, on the desk: what a device's storage holds."""

from bnncl.state.blob import FINGERPRINT_BYTES, HEADER_BYTES, Blob, read_blob, write_slot
from bnncl.state.compare import Change, Summary, changes, describe, diff, summarize
from bnncl.state.layout import Layout, Segment, arrays, layout_from_json, layout_to_json, state_bytes
from bnncl.state.project import Expected, expected_state, read_state

__all__ = [
    "FINGERPRINT_BYTES",
    "HEADER_BYTES",
    "Blob",
    "Change",
    "Expected",
    "Layout",
    "Segment",
    "Summary",
    "arrays",
    "changes",
    "describe",
    "diff",
    "expected_state",
    "layout_from_json",
    "layout_to_json",
    "read_blob",
    "read_state",
    "state_bytes",
    "summarize",
    "write_slot",
]
