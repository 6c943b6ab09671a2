"""Generates projects: views (frozen records of C text) laid out by templates, written atomically."""

from __future__ import annotations

from bnncl.emit.folder import check, write
from bnncl.emit.render import render
from bnncl.emit.spec import Golden, ProjectSpec
from bnncl.emit.stored_program import restore, store

__all__ = ["Golden", "ProjectSpec", "check", "render", "restore", "store", "write"]
