"""Evaluation of the Protokoll: what a human should look at, and documents for humans."""
