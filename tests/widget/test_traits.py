"""The widgets' traits: names shared with the renderer, checks, colormaps, selection."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

import tokenviz as tv
from tokenviz import AttributionHeatmap, TokenTrace
from tokenviz.color.colormaps import BUNDLED, colormap_table
from tokenviz.export.state import own_traits
from tokenviz.wire import decode_attribution

JS = Path(__file__).parents[2] / "js"


@pytest.fixture
def heatmap() -> AttributionHeatmap:
    return tv.examples.attribution().show()


@pytest.fixture
def trace() -> TokenTrace:
    return tv.examples.trace().show()


def listed_in_js(name: str) -> set[str]:
    source = (JS / "state" / "traits.ts").read_text()
    lists = dict(re.findall(r"const (\w+) = \[(.*?)\] as const", source, re.DOTALL))
    own = set(re.findall(r'"(\w+)"', lists[name]))
    return own | (listed_in_js("COMMON") if "...COMMON" in lists[name] else set())


@pytest.mark.parametrize(
    ("widget", "name"), [(AttributionHeatmap, "HEATMAP_TRAITS"), (TokenTrace, "TRACE_TRAITS")]
)
def test_python_and_javascript_sync_the_same_names(widget: type, name: str) -> None:
    python = set(own_traits(widget))
    assert python == listed_in_js(name)
    synced = set(widget.class_traits(sync=True))  # type: ignore[attr-defined]
    assert python <= synced


def test_bundled_colormaps_are_the_renderers() -> None:
    entries = json.loads((JS / "color" / "colormaps.json").read_text())
    assert {entry["name"] for entry in entries} == set(BUNDLED)
    for entry in entries:
        table = straight(entry["knots"]) if "knots" in entry else unbent(**entry)
        np.testing.assert_array_equal(table, colormap_table(entry["name"])[1])


def straight(knots: str) -> Any:
    """256 colours on lines between some, in whole numbers: rounded half up, as the browser does."""
    colors = np.frombuffer(bytes.fromhex(knots), np.uint8).reshape(-1, 3).astype(int)
    lower, rest = np.divmod(np.arange(256) * (len(colors) - 1), 255)
    upper = np.minimum(lower + 1, len(colors) - 1)
    steps = (colors[upper] - colors[lower]) * rest[:, None]
    return (2 * (255 * colors[lower] + steps) + 255) // 510


def unbent(first: str, bends: str, **_: Any) -> Any:
    letters = np.frombuffer(bends.encode(), np.uint8).reshape(3, 255).T.astype(int)
    steps = np.cumsum(letters - ord("O"), axis=0)
    return np.cumsum(np.vstack([np.frombuffer(bytes.fromhex(first), np.uint8), steps]), axis=0)


def test_defaults_are_the_references(heatmap: AttributionHeatmap, trace: TokenTrace) -> None:
    assert (heatmap.colormap, heatmap.vmin, heatmap.vmax, heatmap.center) == ("RdYlGn", -1, 1, 0)
    assert (heatmap.decimals, heatmap.emphasis, heatmap.label) == (4, 0.35, "Token Attribution")
    assert (trace.colormap, trace.vmin, trace.vmax, trace.center) == ("Greens", 0, 1, None)
    assert (trace.row_length, trace.decimals, trace.label) == (None, 2, "Probability")


def test_every_option_is_a_keyword_of_show() -> None:
    widget = tv.examples.attribution().show(
        colormap="PuOr", vmin=-2, vmax=2, center=None, gamma=0.5, symmetric=False,
        show_values=False, decimals=1, label="a", title="b", caption="c", selected=(1, 2),
        theme="dark", height=300, show_controls=True, emphasis=None,
    )  # fmt: skip
    assert widget.gamma == 0.5
    assert widget.selected == (1, 2)
    trace = tv.examples.trace().show(row_length=10, top_k=1, min_probability=0.2, border=False)
    assert trace.row_length == 10


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("colourmap", "AttributionHeatmap has no option 'colourmap'; did you mean 'colormap'?"),
        ("row_length", "AttributionHeatmap has no option 'row_length'"),
        ("_data", "AttributionHeatmap has no option '_data'"),
    ],
)
def test_unknown_keywords_are_refused_with_the_nearest_name(keyword: str, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        tv.examples.attribution().show(**{keyword: 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vmin", "low"), ("vmin", 10**400), ("vmin", np.nan),
        ("gamma", 0), ("gamma", -1), ("decimals", -1),
        ("theme", "blue"), ("selected", (13, 0)), ("selected", (0, 5)), ("selected", 3),
        ("colormap", "no such map"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_and_change_nothing(
    heatmap: AttributionHeatmap, name: str, value: object
) -> None:
    before = getattr(heatmap, name)
    with pytest.raises(traitlets.TraitError, match=name if name != "colormap" else "no such map"):
        setattr(heatmap, name, value)
    assert getattr(heatmap, name) == before


def test_numbers_of_any_library_are_taken(heatmap: AttributionHeatmap) -> None:
    heatmap.vmax = np.float32(2)
    assert heatmap.vmax == 2
    assert type(heatmap.vmax) is float


def test_slots_of_a_selection_are_checked(trace: TokenTrace) -> None:
    trace.selected = (0, 2)
    with pytest.raises(traitlets.TraitError, match=r"a slot from 0 \(chosen\) to 2 at position 0"):
        trace.selected = (0, 3)
    with pytest.raises(traitlets.TraitError, match="a position below 97"):
        trace.selected = (97, 0)
    trace.selected = None


def test_bundled_colormaps_send_no_table_and_others_do(heatmap: AttributionHeatmap) -> None:
    mpl = pytest.importorskip("matplotlib")
    for value in ("vik", mpl.colormaps["viridis"]):
        heatmap.colormap = value
        assert heatmap._colormap_table is None
    heatmap.colormap = mpl.colormaps["Spectral"]
    assert heatmap.colormap == "Spectral"
    assert heatmap._colormap_table["name"] == "Spectral"
    assert len(heatmap._colormap_table["table"]) == 768
    heatmap.colormap = "RdYlGn"
    heatmap.colormap = "Spectral"  # as the browser's menu offers it again
    assert heatmap.color_scale().table.tobytes() == heatmap._colormap_table["table"]


def test_a_list_of_colours_is_a_colormap_that_can_be_chosen_again(
    heatmap: AttributionHeatmap,
) -> None:
    heatmap.colormap = ["black", "white"]
    name = heatmap.colormap
    heatmap.colormap = "PuOr"
    heatmap.colormap = name
    assert heatmap.color_scale().table[-1].tolist() == [255, 255, 255]


def test_a_colormap_from_python_can_be_reversed_and_survives_the_menu(
    heatmap: AttributionHeatmap,
) -> None:
    heatmap.colormap = np.array([[0, 0, 0], [1.0, 1, 1]])
    mine = heatmap.colormap
    heatmap.colormap = f"{mine}_r"  # what the browser's reverse button sends
    assert heatmap.color_scale().table[0].tolist() == [255, 255, 255]
    for name in ("viridis", "viridis_r", mine):
        heatmap.colormap = name
    assert heatmap.color_scale().table[0].tolist() == [0, 0, 0]
    heatmap.colormap = np.array([[1.0, 0, 0], [0, 0, 1.0]])
    assert heatmap.color_scale().table[0].tolist() == [255, 0, 0]


def test_a_stale_selection_from_a_front_end_is_dropped(heatmap: AttributionHeatmap) -> None:
    heatmap.set_state({"vmin": -0.5, "selected": [99, 0]})
    assert heatmap.vmin == -0.5
    assert heatmap.selected is None
    heatmap.set_state({"selected": [3, 4]})
    assert heatmap.selected == (3, 4)


def test_color_scale_follows_the_traits(heatmap: AttributionHeatmap) -> None:
    assert heatmap.color_scale().index([0.0, 1.3714]).tolist() == [128, 255]
    heatmap.vmin = heatmap.vmax = None
    resolved = heatmap.color_scale().range
    assert resolved.high == pytest.approx(1.3714)
    assert resolved.low == pytest.approx(-1.3714)


def test_assigning_source_replaces_the_data_and_clears_the_selection(
    heatmap: AttributionHeatmap,
) -> None:
    heatmap.selected = (12, 4)
    small = tv.Attribution([[1.0]], ["a"], ["x"], label="other", model="m")
    heatmap.source = small
    assert heatmap.source is small
    assert heatmap.selected is None
    assert heatmap.label == "other"
    assert heatmap.caption == "model: m"
    assert decode_attribution(heatmap._data).values == small.values
    heatmap.label = "my own words"
    heatmap.source = tv.examples.attribution()
    assert heatmap.label == "my own words"
    with pytest.raises(
        TypeError, match="source: expected an Attribution or a LargeAttribution, got Trace"
    ):
        heatmap.source = tv.examples.trace()
    assert heatmap.source == tv.examples.attribution()


def test_a_computed_attribution_says_how_in_its_caption() -> None:
    attribution = tv.Attribution(
        [[1.0]], ["a"], ["x"], method="integrated_gradients", n_steps=16, completeness_error=[0.004]
    )
    assert attribution.show().caption == (
        "method: integrated gradients · steps: 16 · completeness error: 0.4 %"
    )


def test_a_caption_names_the_worst_of_several_errors_and_what_was_left_undone() -> None:
    attribution = tv.Attribution(
        [[1.0, np.nan]],
        ["a"],
        ["x", "y"],
        method="kernel_shap",
        score="logprob",
        completeness_error=[0.004, np.nan],
        standard_error=[[0.0123, 0.5]],
        grouping="word",
        aggregation="sum",
        reduction="mean",
        partial=True,
        model="m",
        seconds=75.2,
    )
    assert attribution.show().caption.split(" · ") == [
        "interrupted: unfinished cells are NaN",
        "method: kernel shap",
        "score: logprob, mean over tokens",
        "completeness error: 0.4 %",
        "standard error: at most 0.5",
        "rows: by word, summed",
        "model: m",
        "time: 1 min 15 s",
    ]
    spans = tv.Attribution([[1.0]], ["a"], ["x"], grouping="spans", aggregation="group")
    assert spans.show().caption == "rows: by span"


def test_the_arrangement_of_a_trace_goes_by_the_name_of_layout_too() -> None:
    trace = tv.examples.trace()
    assert trace.show().arrangement == "grid"
    widget = trace.show(layout="flow")
    assert widget.arrangement == "flow"
    box = widget.layout
    widget.layout = "grid"
    assert (widget.arrangement, widget.layout) == ("grid", box)
    widget.arrangement = "flow"
    widget.layout = {"width": "300px"}
    assert (widget.arrangement, widget.layout.width) == ("flow", "300px")
    assert trace.show(layout=box).layout is box
    for name in ("layout", "arrangement"):
        with pytest.raises(traitlets.TraitError, match=r"arrangement.*'grid', 'flow'.*'wrapped'"):
            trace.show(**{name: "wrapped"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "row_order",
            "size",
            "row_order: expected 'original', 'magnitude' or a column from 0 to 4",
        ),
        ("row_order", 5, "a column from 0 to 4, got 5"),
        ("row_order", -1, "a column from 0 to 4, got -1"),
        ("row_order", True, "a column from 0 to 4, got True"),
        ("row_order", 1.0, "a column from 0 to 4, got 1.0"),
        (
            "column_order",
            13,
            "column_order: expected 'original', 'magnitude' or a row from 0 to 12",
        ),
        ("top_rows", 0, "top_rows"),
        ("hidden_columns", [5], r"hidden_columns: expected columns from 0 to 4, got \[5\]"),
        ("hidden_columns", range(5), "hidden_columns"),
        ("hidden_columns", [0, 1, 2, 3, 4], "one column at least to stay, got all 5"),
    ],
)
def test_arrangements_that_make_no_sense_are_refused(
    heatmap: AttributionHeatmap, name: str, value: object, message: str
) -> None:
    before = getattr(heatmap, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(heatmap, name, value)
    assert getattr(heatmap, name) == before


def test_arrangements_are_normalised_and_fit_the_source(heatmap: AttributionHeatmap) -> None:
    heatmap.row_order = np.int64(4)
    assert type(heatmap.row_order) is int
    heatmap.hidden_columns = [3, 1, 3]
    assert heatmap.hidden_columns == [1, 3]
    heatmap.top_rows, heatmap.column_order = 5, "magnitude"
    heatmap.source = tv.Attribution(np.ones((2, 2), np.float32), ["a", "b"], ["x", "y"])
    assert (heatmap.row_order, heatmap.hidden_columns) == ("original", [])
    assert (heatmap.top_rows, heatmap.column_order) == (5, "magnitude")


def test_values_read_on_demand_are_not_arranged() -> None:
    figure = tv.LargeAttribution(np.zeros((3, 2), np.float16)).show()
    with pytest.raises(traitlets.TraitError, match="row_order: expected its default for a Large"):
        figure.row_order = 1
    figure.row_order = "original"
