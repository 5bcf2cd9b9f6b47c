"""What all else stands on: errors, files, paths, texts, the same bytes everywhere."""
