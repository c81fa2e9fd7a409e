"""The examples are the reference figures, number by number."""

import numpy as np

import tokenviz as tv

ATTRIBUTION = """
 0.3452  0.2580  0.5823  0.0161 -0.0472
 0.0811 -0.0066 -0.0037  0.3934 -0.0356
 0.0234  0.0145  0.0512  0.0243  0.0135
 0.0049 -0.0019 -0.0196 -0.0211 -0.0011
-0.0009  0.0008 -0.0015 -0.0010 -0.0000
 0.0000  0.0000 -0.0000  0.0000 -0.0001
 0.0001  0.0002  0.0002 -0.0001 -0.0002
 1.3714  0.6865  0.1771  0.6837 -0.3675
 0.0089  0.0134  0.0232 -0.0061 -0.0099
-0.0054  0.0008  0.0012  0.0025  0.0016
 0.0020  0.0006  0.0026  0.0026 -0.0011
-0.0007  0.0015  0.0007 -0.0036  0.0009
 0.0081  0.0104  0.0097 -0.0127  0.0004
"""  # typed from the description of the figure, not from the package's own file

ROW_2 = "their place values . \\n\\n First , I 'll multiply ' 4 3 by ' 4 , which gives me"
ROW_2_PROBABILITIES = "38 92 100 70 60 91 100 100 100 45 100 100 100 100 100 55 87 100 50 55"


def test_attribution_has_every_number_and_sign() -> None:
    attribution = tv.examples.attribution()
    written = [[f"{value:.4f}" for value in row] for row in attribution.values]
    assert written == [line.split() for line in ATTRIBUTION.strip().splitlines()]
    assert "".join(token.text for token in attribution.tokens) == "—16,000x—0.8_="
    assert attribution.target_labels == [
        "8 x 48 = 384", "3 x 4 = 12", "6 - 4 = 2", "50(10x5)", "$35 ($85 - $50)",
    ]  # fmt: skip


def test_trace_has_every_position_and_alternative() -> None:
    trace = tv.examples.trace()
    assert len(trace) == 97
    assert [token.label for token in trace.tokens[20:40]] == ROW_2.split()
    written = [f"{100 * p:.0f}" for p in trace.probabilities[20:40]]
    assert written == ROW_2_PROBABILITIES.split()
    assert len(trace.alternative_index) == 32
    assert trace.tokens[-1].text == "</think>"
    assert trace.tokens[-1].special
    assert "".join(t.text for t in trace.tokens[83:95]) == "1,290equals'1,462"


def test_the_probabilities_shown_at_a_position_add_to_one_but_at_three_positions() -> None:
    trace = tv.examples.trace()
    partial = [
        position + 1
        for position, (p, others) in enumerate(
            zip(trace.probabilities, trace.alternatives, strict=True)
        )
        if abs(p + sum(a.probability for a in others) - 1) > 0.011  # two decimals each
    ]
    assert partial == [21, 25, 30]
    np.testing.assert_allclose(trace.probabilities[0], 0.39, rtol=1e-6)
