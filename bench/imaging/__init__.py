"""The imaging pipeline against the codecs alone, libvips, sharp and the naive way: `make bench`."""
