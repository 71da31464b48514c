"""Effects of the document and of each lever, draw by draw."""
