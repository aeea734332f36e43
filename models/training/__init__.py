"""Training that tells the truth: dates, splits, selection, calibration, challengers, and the takeover gate."""
