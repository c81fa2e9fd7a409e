"""Only sets are kept in a folder."""

from __future__ import annotations

from typing import Any

import pytest

from tokenviz.cli.writing import emit


@pytest.mark.parametrize("output", ["kept/", "there"])
def test_what_is_no_set_is_refused_a_folder(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(ValueError, match=rf"^output: {output} is a folder.*\[sets\].*\.html"):
        emit([], output, title="")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
