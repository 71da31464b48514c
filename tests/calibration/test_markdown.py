"""Markdown tables: cells as they are, a bar in a cell, sides, and no rows."""

from jiqun.calibration.markdown import pipe_table


def test_cells_stand_as_written_and_are_not_padded():
    rows = [("+1.50", 2, "007"), ("1e5", "", "数字化改造")]
    assert pipe_table(("a", "", "long head"), rows).splitlines() == [
        "| a |  | long head |",
        "| --- | --- | --- |",
        "| +1.50 | 2 | 007 |",
        "| 1e5 |  | 数字化改造 |",
    ]


def test_a_bar_in_a_cell_does_not_end_it():
    assert pipe_table(("a", "b"), [("x|y", "z")]).endswith("\n| x\\|y | z |")


def test_columns_are_set_to_the_side_asked_for():
    assert pipe_table(("a", "b"), [("x", "1")], "lr").splitlines()[1] == "| --- | --: |"


def test_a_table_without_rows_keeps_its_head():
    assert pipe_table(("a", "b"), []) == "| a | b |\n| --- | --- |"
