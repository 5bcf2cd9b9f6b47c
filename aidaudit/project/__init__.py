"""What the engine is told of this audit: which notebook reads and writes what."""
