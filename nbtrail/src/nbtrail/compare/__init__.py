"""Holding one thing against another: two builds, a copy, a quoted number."""
