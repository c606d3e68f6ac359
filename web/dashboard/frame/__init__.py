"""What all pages of the dashboard share: access, assets, page frame, forms, charts and texts of errors."""
