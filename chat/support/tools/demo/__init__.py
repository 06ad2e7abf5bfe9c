"""The demo company's helpdesk: customers who wait, who are being answered, and who are satisfied."""
