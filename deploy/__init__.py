"""What machines get: templates, bundles, their rehearsal and their picture. Nothing here runs in production."""
