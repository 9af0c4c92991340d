"""The report: what was asked, deleted, disclosed and found in a period, each figure with its entries in the ledger."""
