"""What the pages of the dashboard share: frame, files, forms, charts, and who may enter."""
