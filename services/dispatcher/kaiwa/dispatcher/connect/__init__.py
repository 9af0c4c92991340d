"""Accounts that come by a login: who logged in, what they granted, and everything until messages flow."""
