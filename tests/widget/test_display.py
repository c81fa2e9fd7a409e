"""What showing a figure puts into a cell, by option and by environment."""

from typing import Any

import pytest

import tokenviz as tv
from tokenviz._options import Options

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bundles that a cell would receive for an object."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    monkeypatch.setattr(tv.options, "_display", None)
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda data, *_, **__: published.append(data))

    def run(value: object) -> list[dict[str, Any]]:
        published.clear()
        formatted, _ = shell.display_formatter.format(value)
        return published + ([formatted] if formatted else [])

    return run


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_both_is_the_widget_and_a_table(shown: Any, name: str) -> None:
    widget, twin = shown(getattr(tv.examples, name)())
    assert VIEW in widget
    assert widget["text/plain"].startswith(("AttributionHeatmap(", "TokenTrace("))
    assert "text/html" not in widget
    assert "<table" in twin["text/html"]
    assert "<script" not in twin["text/html"]


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_widget_is_the_widget_alone(shown: Any, name: str) -> None:
    tv.options.display = "widget"
    (output,) = shown(getattr(tv.examples, name)().show())
    assert VIEW in output


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_html_is_the_live_fragment_alone(shown: Any, name: str) -> None:
    tv.options.display = "html"
    (output,) = shown(getattr(tv.examples, name)())
    assert VIEW not in output
    assert "tokenviz-state" in output["text/html"]
    assert "<table" in output["text/html"]


def test_the_environment_sets_it_and_assignment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options()
    assert options.display == "both"
    monkeypatch.setenv("TOKENVIZ_DISPLAY", "html")
    assert options.display == "html"
    options.display = "widget"
    assert options.display == "widget"
    options.display = None
    assert options.display == "html"
    monkeypatch.setenv("TOKENVIZ_DISPLAY", "movie")
    with pytest.raises(ValueError, match="TOKENVIZ_DISPLAY: expected 'widget', 'html', 'both' or"):
        options.display  # noqa: B018
    with pytest.raises(ValueError, match=r"display: expected .* got 'png'"):
        options.display = "png"  # type: ignore[assignment]
