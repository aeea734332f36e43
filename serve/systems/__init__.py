"""Systems A, B and C of the source document, each upon its own store, and the model's public description."""
