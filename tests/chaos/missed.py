"""What a fault raises that found nothing to strike."""


class Missed(Exception):
    """At this moment; it is tried again a little later."""
