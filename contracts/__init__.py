"""What crosses a border: tables, settings, errors, artifacts and the score's scale, declared once."""
