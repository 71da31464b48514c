"""How `make docs` builds the site: no page of it, and no step of the build, asks a network."""

from jiqun import __version__

project = "jiqun"
project_copyright = "the jiqun authors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
# Chinese pages are searched by whole phrases: the search of Sphinx for Chinese needs a dictionary
# of another package.
language = "en"
# Blocks without a language are commands and tables, not Python.
highlight_language = "none"
html_theme = "furo"
html_title = f"jiqun {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_show_sphinx = False
# Links to headings, as pages have them for readers of the repository.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
