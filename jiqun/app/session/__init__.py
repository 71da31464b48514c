"""A session of the page: what it holds (`visit`), and what fills each part of the page."""
