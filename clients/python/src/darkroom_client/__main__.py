"""`python -m darkroom_client` is `darkroom`."""

import sys

from darkroom_client.command import main

sys.exit(main())
