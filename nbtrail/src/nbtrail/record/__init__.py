"""What was made from what: fingerprints, receipts, the manifest, the way back."""
