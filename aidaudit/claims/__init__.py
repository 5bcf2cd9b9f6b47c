"""What the article says, the evidence, and the verdicts."""
