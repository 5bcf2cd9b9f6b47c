"""Alterations of figures as somebody might make them, and what `aidaudit check` says of them."""
