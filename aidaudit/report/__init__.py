"""What only this report shows: its tables, the interactive view, the test runs."""
