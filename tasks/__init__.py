"""What runs in the workers, the dispatcher and the dashboard. It imports `app`; `app` never imports it."""
