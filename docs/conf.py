"""How `make docs` builds the site: no page of it, and no step of the build, asks a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jiqun import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

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


# Chinese pages have a menu, a start page and buttons of their own. Sphinx knows one language a
# build, and two builds would have every page twice: the Chinese pages link to English ones.
CHINESE = ".zh"
CHINESE_MENU: dict[str, dict[str, str]] = {
    "开始": {
        "index.zh": "首页",
        "first_hour.zh": "第一个小时",
        "cookbook.zh": "操作手册",
        "assurance.zh": "质量保证说明",
    },
    "参考（中英对照）": {
        "glossary": "术语表",
        "reference/channels": "政策工具的作用渠道",
        "reference/outcomes": "指标及单位",
        "reference/structure": "可关闭的机制",
    },
    "英文页面": {
        "scenarios": "情景文件的写法",
        "designs": "等成本方案",
        "designing": "预算的最佳用法",
        "sweep": "成批试算",
        "store": "结果库",
        "extending": "扩展",
        "ODD": "模型说明（ODD）",
        "trace": "建模过程（TRACE）",
        "sensitivity": "敏感性分析",
        "trials": "已发表试验的对照",
        "backtest": "预测检验",
        "calibration": "拟合",
        "reproduce": "重现与引用",
        "index": "英文首页（全部页面）",
    },
}
CHINESE_WORDS = {
    "Back to top": "回到顶部",
    "Copyright &#169; %(copyright)s": "版权所有 &#169; %(copyright)s",
    "Home": "首页",
    "Index": "索引",
    "Made with": "网页主题：",
    "Next": "下一页",
    "On this page": "本页内容",
    "Previous": "上一页",
    "Search": "搜索",
    "Skip to content": "跳到正文",
}


def chinese_menu(page: str, pathto: Callable[[str], str]) -> str:
    """The menu of a Chinese page, in the form that the theme expects of Sphinx."""
    found = []
    for caption, pages in CHINESE_MENU.items():
        text = f'<span class="caption-text">{caption}</span>'
        items = (
            f'<li class="toctree-l1{" current" if name == page else ""}">'
            f'<a class="reference internal" href="{pathto(name)}">{title}</a></li>'
            for name, title in pages.items()
        )
        found.append(f'<p class="caption" role="heading">{text}</p><ul>{"".join(items)}</ul>')
    return "".join(found)


def in_its_language(
    app: object, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give a page the menu, buttons and neighbours of its language."""
    chinese = page.endswith(CHINESE)
    for name in ("prev", "next"):
        other = context.get(name)
        if other and other["link"].endswith(f"{CHINESE}.html") != chinese:
            context[name] = None
    if chinese:
        context |= {
            "language": "zh-CN",
            "master_doc": f"index{CHINESE}",
            "gettext": lambda text: CHINESE_WORDS.get(text.strip(), text),
            "toctree": lambda **_: chinese_menu(page, context["pathto"]),
        }


def setup(app: Sphinx) -> None:
    """Before the theme makes its menu of what Sphinx gives it."""
    app.connect("html-page-context", in_its_language, priority=100)
