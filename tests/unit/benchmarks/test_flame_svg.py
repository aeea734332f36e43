"""A flame graph shows every sample of the work once, on its caller, and nothing of what is outside it."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.flame_svg import MARGIN, WIDTH, draw, fold, parse_stacks

RAW = """\
main (work.py);work_ranges (flows/range_work.py);build_features (features/build.py) 6
main (work.py);work_ranges (flows/range_work.py);build_features (features/build.py);<lambda> (pyarrow/lib.py) 2
main (work.py);work_ranges (flows/range_work.py) 1
run (threading.py);begin_range (flows/range_work.py) 3
import numpy (numpy/__init__.py) 50
main (work.py);<module> (flows/range_work.py);import numpy (numpy/__init__.py) 70
"""


def test_what_is_outside_the_work_is_left_out_and_stacks_begin_with_it():
    stacks = parse_stacks(RAW, within="(flows/range_work.py")
    assert sum(stacks.values()) == 12
    assert {stack[0].split()[0] for stack in stacks} == {"work_ranges", "begin_range"}


def test_a_frame_has_the_samples_of_what_it_calls():
    root = fold(parse_stacks(RAW, within="(flows/range_work.py"))
    ranges = root.called["work_ranges (flows/range_work.py)"]
    assert (root.samples, ranges.samples, root.depth) == (12, 9, 4)
    assert ranges.called["build_features (features/build.py)"].samples == 8


def test_the_picture_is_whole_and_names_what_is_pointed_at():
    svg = draw(fold(parse_stacks(RAW, within="(flows/range_work.py")), title="a < b", subtitle="12 samples")
    tree = ElementTree.fromstring(svg)
    names = [title.text for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert "build_features (features/build.py): 66.7%, 8 samples" in names
    assert "<lambda> (pyarrow/lib.py): 16.7%, 2 samples" in names
    assert not any("numpy" in name for name in names)
    boxes = [
        group.find("{http://www.w3.org/2000/svg}rect").attrib for group in tree.iter("{http://www.w3.org/2000/svg}g")
    ]
    assert all(float(box["x"]) >= MARGIN and float(box["x"]) + float(box["width"]) <= WIDTH - MARGIN for box in boxes)
    assert ElementTree.fromstring(draw(fold({}), title="nothing", subtitle="")) is not None
