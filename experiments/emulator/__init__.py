"""An emulator of what levers do: fitted to stored paired runs, it answers at once."""
