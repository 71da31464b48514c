"""The population at end-2018 and its first links."""
