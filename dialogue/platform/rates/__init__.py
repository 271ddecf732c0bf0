"""Exchange rates with their date and source: what was converted keeps all three."""
