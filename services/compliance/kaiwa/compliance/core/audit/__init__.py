"""The audit of disclosures, decided: what the topics say goes in, verdicts come out. It shares no rule with the dispatcher:
an audit that asks the audited learns nothing.
"""
