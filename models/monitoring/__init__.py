"""Drift: a run compared with what its model was trained on, before and after its labels are known."""
