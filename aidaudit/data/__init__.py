"""The raw tables, what they must hold, their corrections and clean forms."""
