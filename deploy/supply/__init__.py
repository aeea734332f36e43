"""What comes from others: the lock, the parts of it that the image and bundles hold, licences, known faults."""
