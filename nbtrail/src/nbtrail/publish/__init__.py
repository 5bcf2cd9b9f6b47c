"""What readers see: figures, tables, numbers in text, the report."""
