"""What others get: the archive, its crate, citations and licences."""
