"""Alterations of figures as somebody might make them, and what `check` says of them."""
