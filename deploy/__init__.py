"""What is delivered to machines: templates, bundles, their rehearsal and their picture. Nothing here runs in production."""
