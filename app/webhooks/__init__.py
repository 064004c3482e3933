"""Webhooks (Standard Webhooks 1.0): who is told of what, and what became of telling."""
