"""Scripted cases: what a patient's files hold, what is asked, and what a good draft must and must not say."""
