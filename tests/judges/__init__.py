"""Ours against an independent judge: libvips for geometry, resampling and pixel layouts, LittleCMS (in libvips, with
16 bits a channel) for colours. Where the two differ on purpose, a test says so, and why."""
