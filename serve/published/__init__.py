"""What a published score is and where it lies: shared by what writes scores and what reads them."""
