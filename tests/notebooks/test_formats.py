"""One page in all formats: the same headings, tables, numbers, titles and sources."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from openpyxl import load_workbook

from jiqun.notebooks import glossary
from jiqun.notebooks.formats import page as web
from jiqun.notebooks.formats import pdf, word, workbook
from jiqun.notebooks.formats.document import Document, printed, shares, wide
from jiqun.notebooks.render import FORMATS, NOTEBOOKS, SOURCES, render
from jiqun.notebooks.show import png, svg
from jiqun.notebooks.words import LANGS, Lang, Words, texts

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LINE = "结果库“a” <1> & 2"
WIDE_HEAD = "| 目标 | 单位 | 甲 | 乙 | 丙 | 丁 | 戊 | 己 | 庚 | 辛 | 壬 |"
MARKDOWN = f"""
先说结论：**+0.22%**。见[工具页](levers.html)和[后文](#trust)。

## 变化

| 梯度 | 变化 | 亿元 | 家 |
| --- | --: | --: | --: |
| 世界级 | **+0.8%** | 1,290 | 23家 |
| 全省 | −0.2 % | −16.50 | +34（+14至+55） |

| 城市 | 数 |
| --- | --: |
| 合肥 | <1% |

![各梯度的效果](0.png)

**营业收入（亿元）**

| 年 | 值 |
| --- | --: |
| 2027 | 7.0 |

## 目标 {{source=targets}}

### 每年

<div class="board">

{WIDE_HEAD}
| --- | --- {"| --: " * 9}|
| 省级先进制造业集群 | 发改委、科技厅、经信厅 {"| 3,040 " * 9}|

</div>

<details><summary>点开看更多</summary>

![更多的效果](1.png)

</details>

## 可信程度 {{#trust source=record}}

**这是一句话，不是表的题目。**

| 项 | 内容 |
| --- | --- |
| 命令 | `jiqun run a` |
"""
ALONE = web.Around("index", ["index"], ["zh"])
DFN = r'<dfn tabindex="0" aria-description="([^"]+)">(.*?)</dfn>'
TITLES = ["变化（一）", "变化（二）", "营业收入（亿元）", "每年", "可信程度"]
HEADINGS = ["变化", "目标", "每年", "可信程度"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Document:
    folder = tmp_path_factory.mktemp("page")
    for name in "01":
        figure = Figure(figsize=(4, 2))
        figure.subplots().plot([1, 2])
        (folder / f"{name}.png").write_bytes(png(figure))
        (folder / f"{name}.svg").write_text(svg(figure), "utf-8")
    head = "标题 & 题", "数据截至2023年底", LINE
    return Document.read(MARKDOWN, head, Words("zh"), folder, "runs")


@pytest.fixture(scope="module")
def body(made: Document) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(word.write(made, MADE))) as file:
        return ElementTree.fromstring(file.read("word/document.xml"))


def text_of(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{W}t"))


def styled(body: ElementTree.Element, style: str) -> list[str]:
    """Text of the paragraphs of a style."""
    return [
        text_of(paragraph)
        for paragraph in body.iter(f"{W}p")
        if any(found.get(f"{W}val") == style for found in paragraph.iter(f"{W}pStyle"))
    ]


def test_tables_and_figures_have_numbers_titles_and_sources(made: Document) -> None:
    assert [table.number for table in made.tables] == [1, 2, 3, 4, 5]
    assert [table.title for table in made.tables] == TITLES
    assert [figure.title for figure in made.figures] == ["各梯度的效果", "更多的效果"]
    keys = ["runs", "runs", "runs", "targets", "record"]
    words = Words("zh")
    said = [words("source_line", source=words.name("source_names", key)) for key in keys]
    assert [table.source for table in made.tables] == said
    assert [figure.source for figure in made.figures] == [said[0], said[3]]
    assert [(level, text) for level, _, text in made.headings] == [
        (1, "变化"),
        (1, "目标"),
        (2, "每年"),
        (1, "可信程度"),
    ]


def test_tables_of_one_title_below_other_headings_are_told_apart_by_these(tmp_path: Path) -> None:
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    parts = [f"## {tier}\n\n### Levers\n\n{table}\n" for tier in ("County", "World")]
    text = "\n".join([*parts, table])
    page = Document.read(text, ("t", "s", "l"), Words("en"), tmp_path, "levers")
    assert [shown.title for shown in page.tables] == [
        "County: Levers",
        "World: Levers (1)",
        "World: Levers (2)",
    ]


def test_the_page_shows_captions_and_links_to_the_other_formats(made: Document) -> None:
    html = web.write(made, "abc", replace(ALONE, files=["index.docx", "index.zip"]))
    captions = [
        re.sub("<[^>]+>", "", found) for found in re.findall("<caption>.*?</caption>", html)
    ]
    assert captions == [f"表{n}　{title}" for n, title in enumerate(TITLES, 1)]
    assert "图2　更多的效果" in re.sub("<[^>]+>", "", html)
    assert html.count("资料来源：") == len(made.tables) + len(made.figures)
    links = re.findall('href="([^"#:]+)"', html)
    assert links == ["index.html", "index.docx", "index.zip", "levers.html"]
    assert "**" not in html
    assert "营业收入（亿元）</strong>" not in html  # it became the title of its table
    assert "不是表的题目。</strong>" in html
    assert "custom-style" not in html
    assert 'id="trust"' in html


def test_every_page_leads_to_the_others_and_to_its_place_in_the_other_language(
    made: Document,
) -> None:
    around = web.Around("levers", ["index", "levers"], LANGS)
    html = web.write(made, "abc", around)
    navigation = html.split('<nav class="pages"')[1].split("</nav>")[0]
    assert re.findall(r'<a href="([^"]+)"( aria-current="page")?', navigation) == [
        ("index.html", ""),
        ("levers.html", ' aria-current="page"'),
        ("../en/levers.html", ""),
    ]
    assert 'lang="en" hreflang="en">English</a>' in navigation
    anchors = [name for level, name, _ in made.headings if level == 1]
    contents = html.split('<nav class="contents"')[1].split("</nav>")[0]
    assert re.findall('href="#([^"]+)"', contents) == anchors
    below = re.findall(r'<p class="other"><a href="\.\./en/levers\.html#([^"]+)"', html)
    assert below == anchors
    assert all(html.count(f'id="{name}"') == 1 for name in anchors)
    assert '<a class="skip" href="#main">' in html
    assert html.count('id="main"') == 1
    alone = web.write(made, "abc", ALONE)
    assert "hreflang=" not in alone
    assert "../en" not in alone


def test_heads_of_columns_and_of_rows_are_told(made: Document) -> None:
    html = web.write(made, "abc", ALONE)
    tables = re.findall("<table.*?</table>", html, re.DOTALL)
    for table, shown in zip(tables, made.tables, strict=True):
        width, height = len(shown.rows[0]), len(shown.rows) - 1
        assert table.count('<th scope="col"') == width
        assert table.count('<th scope="row"') == height
        assert len(re.findall("<th[ >]", table)) == width + height
        assert table.count("<td") == (width - 1) * height
        assert "<col" not in table  # widths are the browser's


def test_no_level_of_headings_is_left_out(tmp_path: Path) -> None:
    text = "### a\n\n### b\n\n#### c\n\n## d\n\n#### e\n\n### f\n"
    page = Document.read(text, ("t", "s", "l"), Words("en"), tmp_path, "runs")
    assert [(level, text) for level, _, text in page.headings] == [
        (1, "a"), (1, "b"), (2, "c"), (1, "d"), (2, "e"), (2, "f"),
    ]  # fmt: skip
    html = web.write(page, "abc", ALONE)
    levels = [int(level) for level in re.findall(r"<h(\d)", html)]
    assert levels == [1, 2, 2, 3, 2, 3, 3]
    raised = re.findall(r'<h\d class="minor"[^>]*>(\w)', html)
    assert raised == ["a", "b", "c", "e"]


@pytest.mark.parametrize(
    ("lang", "text", "terms"),
    [
        ("zh", "按培育梯度看增加值，增加值最大。\n\n- 增加值", ["培育梯度", "增加值"]),
        ("zh", "- 区间\n\n1. 情景", ["区间", "情景"]),
        ("zh", "**专精特新企业**与专精特新“小巨人”企业", ["专精特新企业", "专精特新“小巨人”企业"]),
        ("en", "Tiers differ; each tier is a Tier. Frontier is none.", ["Tiers"]),
        ("en", "**Value added** and *value\nadded*", ["Value added"]),
    ],
)
def test_terms_open_at_their_first_use_in_a_part(
    tmp_path: Path, lang: Lang, text: str, terms: list[str]
) -> None:
    page = Document.read(
        f"## A\n\n{text}\n\n## B\n\n{text}\n", ("t", "s", "l"), Words(lang), tmp_path, "runs"
    )
    html = web.write(page, "abc", ALONE)
    found = re.findall(DFN, html, re.DOTALL)
    assert [" ".join(term.split()) for _, term in found] == 2 * terms
    meanings = {entry[lang].text for entry in glossary.entries().values()}
    assert {unescape(meaning) for meaning, _ in found} <= meanings
    # What the page says is what it said.
    assert " ".join(re.sub(r"\*|- |1\. ", "", text).split()) in " ".join(
        re.sub(r"<[^>]+>", "", html.split("<main")[1]).split()
    )


def test_terms_are_marked_in_text_alone(tmp_path: Path) -> None:
    text = "## Value added\n\n| Value added |\n| --- |\n| value added |\n"
    page = Document.read(text, ("t", "s", "l"), Words("en"), tmp_path, "runs")
    assert "<dfn" not in web.write(page, "abc", ALONE)


def test_word_holds_the_same_headings_and_tables(made: Document, body: ElementTree.Element) -> None:
    found = [*styled(body, "Heading1"), *styled(body, "Heading2")]
    assert found == ["变化", "目标", "可信程度", "每年"]
    assert styled(body, "Title") == ["标题 & 题"]
    tables = [
        [[text_of(cell) for cell in row.iter(f"{W}tc")] for row in table.iter(f"{W}tr")]
        for table in body.iter(f"{W}tbl")
    ]
    assert tables == [table.rows for table in made.tables]
    assert styled(body, "TableCaption") == [f"表{n}　{t}" for n, t in enumerate(TITLES, 1)]
    assert styled(body, "ImageCaption") == ["图1　各梯度的效果", "图2　更多的效果"]
    assert sum("资料来源：" in line for line in styled(body, "Source")) == 7
    assert "点开看更多" in text_of(body)


def test_word_has_contents_numbers_and_a_table_as_wide_as_its_page(
    body: ElementTree.Element,
) -> None:
    assert styled(body, "TOCHeading") == ["目录"]
    assert [*styled(body, "TOC1"), *styled(body, "TOC2")] == ["变化", "目标", "可信程度", "每年"]
    anchors = {found.get(f"{W}anchor") for found in body.iter(f"{W}hyperlink")} - {None}
    marks = {found.get(f"{W}name") for found in body.iter(f"{W}bookmarkStart")}
    assert anchors
    assert anchors <= marks
    fields = [str(found.get(f"{W}instr")).split()[:2] for found in body.iter(f"{W}fldSimple")]
    assert sorted(fields) == 2 * [["SEQ", "Figure"]] + 5 * [["SEQ", "Table"]]
    for grid in body.iter(f"{W}tblGrid"):
        widths = [int(column.get(f"{W}w", "0")) for column in grid]
        assert word.WIDTH - len(widths) <= sum(widths) <= word.WIDTH
    # The widest table has the smallest type.
    assert len(styled(body, "CellNarrow")) == 2 * 11
    assert len(styled(body, "CellWide")) == 3 * 4 + 2 * 2 + 2 * 2 + 2 * 2


def test_parts_of_a_word_file_are_plain_xml_of_its_kind(made: Document) -> None:
    with zipfile.ZipFile(io.BytesIO(word.write(made, MADE))) as file:
        parts = {name: file.read(name).decode("utf-8") for name in file.namelist() if "xml" in name}
    for text in parts.values():
        ElementTree.fromstring(text)
    assert LINE in text_of(ElementTree.fromstring(parts["word/header1.xml"]))
    assert {"PAGE", "NUMPAGES"} <= set(parts["word/footer1.xml"].replace('"', " ").split())
    used = set(
        re.findall(r'<w:(?:pStyle|rStyle|tblStyle) w:val="(\w+)"', parts["word/document.xml"])
    )
    assert used <= set(re.findall(r'w:styleId="(\w+)"', parts["word/styles.xml"]))
    # Fonts that offices have are named; none is embedded.
    assert set(re.findall(r'w:eastAsia="([^-"]+)"', parts["word/styles.xml"])) == {"宋体", "黑体"}
    assert "levers.docx" in parts["word/_rels/document.xml.rels"]
    assert "levers.html" not in parts["word/_rels/document.xml.rels"]


def test_pdf_has_pages_and_its_font_inside(made: Document) -> None:
    content = pdf.write(made, MADE)
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 2
    fonts = set(re.findall(rb"/BaseFont\s*/([\w+-]+)", content))
    assert {font.split(b"+")[1] for font in fonts} == {b"NotoSansSC-Regular"}
    assert b"/FontFile" in content
    assert b"levers.pdf" in content


def test_the_workbook_holds_the_numbers_of_the_page(made: Document) -> None:
    book = load_workbook(io.BytesIO(workbook.write(made, MADE)))
    assert book.sheetnames == ["目录", "表1", "表2", "表3", "表4", "表5"]
    listed = [row[:2] for row in book["目录"].iter_rows(min_row=5, values_only=True)]
    assert listed == [(f"表{n}", title) for n, title in enumerate(TITLES, 1)]
    for table in made.tables:
        sheet = book[f"表{table.number}"]
        assert sheet["A1"].value == f"表{table.number}　{table.title}"
        assert (sheet["A2"].value, sheet["A3"].value) == (table.source, LINE)
        found = list(sheet.iter_rows(min_row=workbook.FIRST))
        assert len(found) == len(table.rows)
        for cells, shown in zip(found, table.rows, strict=True):
            for cell, text in zip(cells, shown, strict=True):
                value = workbook.number(text) if cell.row > workbook.FIRST else None
                assert cell.value == (text if value is None else value[0])
    effects = [[cell.value for cell in row] for row in book["表1"].iter_rows(min_row=6)]
    assert effects == [["世界级", 0.008, 1290, 23], ["全省", -0.002, -16.5, "+34（+14至+55）"]]
    assert book["表1"]["B6"].font.bold
    assert not book["表1"]["B7"].font.bold


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        ("+0.22%", 0.0022, "+0.00%;\\−0.00%;0.00%"),
        ("−2.0 %", -0.02, "0.0\\ %;\\−0.0\\ %;0.0\\ %"),
        ("1,170", 1170, "#,##0;\\−#,##0;#,##0"),
        ("8,000家", 8000, '#,##0"家";\\−#,##0"家";#,##0"家"'),
        ("−1.0 points", -1, '0.0" points";\\−0.0" points";0.0" points"'),
        ("2027", 2027, "0;\\−0;0"),
    ],
)
def test_a_cell_that_is_one_number_is_a_number(text: str, value: float, form: str) -> None:
    assert workbook.number(text) == (value, form)


@pytest.mark.parametrize(
    "text",
    ["", "—", "<1%", "77（75–83）", "1,2", "2.44–6.25", "7 / 10", "850a", "=1+1", "±3%", "1 2"],
)
def test_a_cell_that_is_more_than_a_number_is_text(text: str) -> None:
    assert workbook.number(text) is None


def test_figures_are_there_as_png_and_svg_with_their_titles(made: Document) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook.pictures(made, MADE))) as file:
        names = [f"figure_{n:02}.{ending}" for n in (1, 2) for ending in ("png", "svg")]
        assert file.namelist() == [*names, "figures.txt"]
        assert file.read("figure_01.png").startswith(b"\x89PNG")
        ElementTree.fromstring(file.read("figure_02.svg"))
        assert "图2　更多的效果" in file.read("figures.txt").decode("utf-8")


@pytest.mark.parametrize("write", [word.write, pdf.write, workbook.write, workbook.pictures])
def test_files_of_one_page_are_equal_whenever_they_are_written(
    made: Document, write: Callable[[Document, datetime], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(made, MADE)
    # Office programs write the time of their clock, to the second.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert write(made, MADE) == first


def test_columns_get_the_width_that_their_text_needs(made: Document) -> None:
    found = shares(made.tables[3])
    assert sum(found) == pytest.approx(1.0)
    assert found[1] > 2 * found[2]
    assert min(found) > 0.04
    assert wide("全省 a") == 6


def test_every_source_that_a_notebook_names_has_words() -> None:
    named = set(SOURCES.values())
    for notebook in NOTEBOOKS.values():
        named |= set(re.findall(r'source="(\w+)"', notebook.read_text("utf-8")))
    assert SOURCES.keys() == NOTEBOOKS.keys()
    for lang in LANGS:
        assert set(texts()["source_names"][lang]) == named
        assert set(texts()["format_names"][lang]) == set(FORMATS) - {"html"}


@pytest.mark.slow
def test_a_store_is_reported_in_every_format(store: Path, tmp_path: Path) -> None:
    """The files of a real page hold its headings and the cells of its tables."""
    render(store, ["zh"], FORMATS, out=tmp_path)
    for name in ("index", "levers"):
        files = {ending: tmp_path / "zh" / f"{name}.{ending}" for ending in FORMATS}
        # Sliders are of the page alone: they need its script.
        sliders = r'<section id="whatif".*?</section>'
        html = re.sub(sliders, "", files["html"].read_text("utf-8"), flags=re.DOTALL)
        rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
        shown = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
        cells = [plain(cell) for row in shown for cell in row]
        with zipfile.ZipFile(files["docx"]) as file:
            body = ElementTree.fromstring(file.read("word/document.xml"))
        assert [plain(text_of(cell)) for cell in body.iter(f"{W}tc")] == cells
        headings = [plain(found) for found in re.findall(r"<h[23][^>]*>(.*?)</h[23]>", html)]
        assert sorted([*styled(body, "Heading1"), *styled(body, "Heading2")]) == sorted(headings)
        book = load_workbook(files["xlsx"])
        assert len(book.sheetnames) == html.count("<table") + 1
        pictures = zipfile.ZipFile(files["zip"]).namelist()
        assert sum(name.endswith(".png") for name in pictures) == html.count("<img")
        assert {Path(name).stem for name in pictures if name.endswith(".png")} <= {
            Path(name).stem for name in pictures if name.endswith(".svg")
        }
        assert b"/FontFile" in files["pdf"].read_bytes()
        if shutil.which("pdftotext"):
            ran = subprocess.run(["pdftotext", files["pdf"], "-"], capture_output=True, check=True)
            read = re.sub(r"\s", "", ran.stdout.decode("utf-8"))
            for text in (*headings, *(cell for cell in cells if len(cell) < 8)):
                assert re.sub(r"\s", "", text) in read


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_word_file(made: Document, tmp_path: Path) -> None:
    given = tmp_path / "page.docx"
    given.write_bytes(word.write(made, MADE))
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    asked = ["soffice", home, "--headless", "--convert-to", "txt:Text (encoded):UTF8"]
    subprocess.run([*asked, "--outdir", tmp_path, given], check=True, timeout=300)
    read = (tmp_path / "page.txt").read_text("utf-8-sig")
    for text in (*HEADINGS, *(f"表{n}　{title}" for n, title in enumerate(TITLES, 1)), "+0.8%"):
        assert text in read


def plain(html: str) -> str:
    """Text without tags, as a reader sees it."""
    for mark, letter in (("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&quot;", '"')):
        html = html.replace(mark, letter)
    return " ".join(re.sub(r"<(?=[a-z/])[^>]*>", "", html).replace("&amp;", "&").split())


def test_commands_stand_at_the_end_and_marks_leave_print(tmp_path: Path) -> None:
    words = Words("zh")
    text = '值为[+0.2]{n="a/b"}(估算)。\n\n补上：`jiqun run a`。\n\n补上：`jiqun run b`。'
    read = Document.read(text, ("题", "副题", "行"), words, tmp_path, "runs")
    page = web.write(read, "digest", web.Around("index", ["index"], ["zh"]))
    assert page.count('data-n="a/b"') == 1
    assert "（估算）" in page
    title = words("commands_title")
    for number, command in enumerate(("jiqun run a", "jiqun run b"), 1):
        assert page.index(words("command_note", number=number)) < page.rindex(f">{title}<")
        assert page.rindex(f">{title}<") < page.index(command)
    assert '"n"' not in json.dumps(printed(read, "pdf"))
    assert read.headings[-1][2] == title
