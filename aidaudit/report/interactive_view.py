"""The report's interactive view: the total under the choices that a reader makes.

Altair describes it, Vega draws it; both are kept by others and come with the environment.
Data and library stand in the page, which therefore asks nothing of any server. Expressions
are interpreted, not compiled, since the page forbids code that is made from strings.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from aidaudit import layout
from aidaudit.config import Multiverse
from aidaudit.measures.multiverse import CHOICES, LABELS, VALUE, literal, option_label

ANCHOR = "view-headline"
# What stands in its place where no script runs, and in PDF.
VIEWS = {
    "headline": "The page of this report (report.html) has an interactive view here: it shows "
    "the total for a release, a day, donors, a measure, types of aid, exchange rate and prices "
    "that the reader chooses. Figure F20 shows all of them at once."
}

# Fills the place of the view, and says in words what the picture shows.
_SCRIPT = """
(() => {
  const place = document.getElementById('view-headline');
  const spec = JSON.parse(document.getElementById('view-headline-data').textContent);
  const rows = spec.datasets.specifications;
  const names = spec.usermeta.choices;
  const total = spec.usermeta.total;
  const words = document.createElement('output');
  words.setAttribute('aria-live', 'polite');
  const stage = document.createElement('div');
  place.replaceChildren(words, stage);
  const say = view => {
    const row = rows.find(r => names.every(n => String(r[n]) === String(view.signal(n))));
    if (!row) {
      words.textContent = 'This release cannot answer this combination of choices.';
      return;
    }
    const gap = row.value - total;
    words.textContent = row.value.toFixed(1) + ' bn US$: '
      + Math.abs(gap).toFixed(1) + (gap < 0 ? ' below' : ' above')
      + ' the ' + total + ' of the article.';
  };
  vegaEmbed(stage, spec, {
    actions: false, ast: true, renderer: 'svg', defaultStyle: false, tooltip: false,
  }).then(({view}) => {
    const form = stage.querySelector('.vega-bindings');
    if (form) place.prepend(form);
    names.forEach(name => view.addSignalListener(name, () => say(view)));
    say(view);
  });
})();
"""


def specification(specifications: pd.DataFrame, choices: Multiverse, total: float) -> dict:
    """The view as a Vega-Lite specification with its data.

    specifications: as in `tables.RESULTS['specifications']`. total: the article's, bn US$.
    The view opens on the specification that is nearest to the article's words.
    """
    import altair as alt

    start = literal(specifications, {**choices.literal, **choices.nearest_to_words}).iloc[0]
    rows = specifications.rename(columns={VALUE: "value"})
    # Three digits after the point are a million; more would only make the page heavier.
    records = json.loads(rows.round({"value": 3}).to_json(orient="records"))
    chosen, both = [], []
    params = []
    for choice in CHOICES:
        options = sorted(specifications[choice].unique().tolist(), key=str)
        if choice == "release":
            options = sorted(options)
        params.append(
            alt.param(
                name=choice,
                value=start[choice].item() if hasattr(start[choice], "item") else start[choice],
                bind=alt.binding_select(
                    options=options,
                    labels=[option_label(choice, option) for option in options],
                    name=LABELS[choice],
                ),
            )
        )
        test = f"datum.{choice} == {choice}"
        chosen.append(test)
        if choice in ("release", "cut_off"):
            both.append(test)
    x = alt.X(
        "value:Q",
        title="bn US$",
        scale=alt.Scale(domain=[0, 900]),
        axis=alt.Axis(labelFlush=False),
    )
    data = alt.NamedData(name="specifications")
    ticks = (
        alt.Chart(data)
        .transform_filter(" && ".join(both))
        .mark_tick(color="#9aa4af", opacity=0.35, height=26)
        .encode(x=x, y=alt.value(74))
    )
    bar = (
        alt.Chart(data)
        .transform_filter(" && ".join(chosen))
        .mark_bar(color="#0B5FA5", height=30)
        .encode(x=x, x2=alt.datum(0), y=alt.value(26))
    )
    rule = (
        alt.Chart(data)
        .transform_sample(1)
        .mark_rule(color="#222222", strokeWidth=2)
        .encode(x=alt.datum(total))
    )
    named = (
        alt.Chart(data)
        .transform_sample(1)
        .mark_text(align="left", dx=4, dy=-6, color="#222222", fontSize=12)
        .encode(x=alt.datum(total), y=alt.value(4), text=alt.value(f"the article: {total:g}"))
    )
    chart = (
        alt.layer(ticks, bar, rule, named)
        .add_params(*params)
        .properties(width="container", height=100)
        .properties(usermeta={"choices": CHOICES, "total": total})
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, titleFontSize=12)
        .configure(font="DejaVu Sans, Segoe UI, sans-serif", background="white")
        # The description and the words above stand for the marks, which have no names.
        .configure_mark(aria=False)
    )
    spec = chart.to_dict(validate=True)
    spec["datasets"] = {"specifications": records}
    spec["description"] = (
        "A bar of the total that the choices above give, a line at the article's total, and "
        "a grey tick for every other combination of the same release and day."
    )
    return spec


def library() -> str:
    """What draws the view, as one script. It takes a second to put together."""
    import vl_convert

    script = vl_convert.javascript_bundle()
    if "</script" in script.lower():
        raise ValueError("the library would end its own script element")
    return script


def script(library: str) -> str:
    """What draws the view, as it stands in the page; no data are part of it."""
    return f"\n{library}\n{_SCRIPT}"


def drawn(page: str, root: Path) -> tuple[str, list[str]]:
    """The report's page with its view, where it has a place for it, and the view's script.

    root: the repository, with the view's data and what draws it.
    """
    if f'id="{ANCHOR}"' not in page:
        return page, []
    spec = json.loads((root / layout.VIEW).read_text("utf-8"))
    draws = script((root / layout.LIBRARY).read_text("utf-8"))
    return embed(page, spec, draws), [draws]


def embed(page: str, spec: dict, script: str) -> str:
    """The page with the view's data and script before its end."""
    # '<' could end the script element early.
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    scripts = (
        f'<script type="application/json" id="{ANCHOR}-data">{data}</script>\n'
        f'<script type="module">{script}</script>\n'
    )
    before, end, after = page.rpartition("</body>")
    return before + scripts + end + after
