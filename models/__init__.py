"""Labels, training, the compiled scorecard, its registry, and its application."""
