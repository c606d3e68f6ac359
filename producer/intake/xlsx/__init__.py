"""Spreadsheets (.xlsx) as CSV, streamed in bounded memory."""
