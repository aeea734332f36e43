"""The files of the page that are our own."""
