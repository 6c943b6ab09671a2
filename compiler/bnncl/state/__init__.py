"""Learned state from the field, on the desk: what a device's storage holds."""

from bnncl.state.blob import Blob, read_blob, write_slot
from bnncl.state.compare import Change, Summary, changes, describe, diff, summarize
from bnncl.state.layout import Layout, Segment, arrays, layout_from_json, layout_to_json, state_bytes

__all__ = [
    "Blob",
    "Change",
    "Layout",
    "Segment",
    "Summary",
    "arrays",
    "changes",
    "describe",
    "diff",
    "layout_from_json",
    "layout_to_json",
    "read_blob",
    "state_bytes",
    "summarize",
    "write_slot",
]
