"""The configuration: what is refused, and how that is told."""

from pathlib import Path

import pytest
import yaml

from aidaudit import config
from nbtrail.base import settings
from nbtrail.base.errors import AuditError

FILES = [*settings.FILES, *config.FILES]
ROOT = Path(__file__).parents[1]
CACHED = (
    config.config,
    config.shown,
    config.claims,
    config.multiverse,
    config.origin,
    config.scenarios,
    settings.sweeps,
    settings.limits,
)


def forget():
    for function in CACHED:
        function.cache_clear()


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    forget()
    yield
    forget()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of the configuration that a test may spoil."""
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    for name in FILES:
        text = (ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"config/{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spoil(checkout, name, old, new):
    path = checkout / f"config/{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def message(function, *arguments):
    with pytest.raises(AuditError) as caught:
        function(*arguments)
    return str(caught.value)


def test_committed_configuration_is_valid():
    assert config.config().default_variant in config.config().variants
    assert config.figures()
    ids = [claim.id for claim in config.claims()]
    assert len(ids) == len(set(ids)) > 0


def test_copy_of_the_configuration_is_valid(checkout):
    assert config.claims()


def test_committed_schemas_are_up_to_date():
    texts = settings.schema_texts()
    assert len(texts) == len(FILES)
    for path, text in texts.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run `aidaudit schemas`"


@pytest.mark.parametrize("variant", ["article", "literal", "latest"])
def test_parameters_are_what_the_file_says(variant):
    written = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    entry = written["variants"][variant]
    assert config.parameters(variant) == {
        "variant": variant,
        "release": entry["release"],
        "totals_release": entry["totals_release"],
        "cut_off": entry["cut_off"],
        "variants": list(written["variants"]),
        **written["shared"],
    }


def test_what_is_computed_once_gets_the_articles_date_and_the_release_with_items():
    found = config.parameters(config.ALL)
    assert found["variant"] == "all"
    assert found["cut_off"] == found["article_date"] == "2025-02-28"
    assert found["release"] == found["items_release"] == 21


def test_a_figure_that_depends_on_no_variant_is_drawn_once():
    assert config.answers("F10", config.ALL)
    assert not config.answers("F10", "article")
    assert not config.answers("F01", config.ALL)
    drawn = config.drawn(["article", "literal"])
    assert [name for figure, name in drawn if figure == "F10"] == ["all"]
    assert len(drawn) == len(set(drawn))


def test_a_claim_that_asserts_nothing_must_say_that_it_cannot_be_tested(checkout):
    spoil(checkout, "claims", "  asserts: {quantity: aid allocated", "  #{quantity: aid")
    assert "MIL-2a: asserts is missing" in message(config.claims)


@pytest.mark.parametrize(
    ("name", "read", "old", "new", "expected"),
    [
        ("config", config.config, "cut_off: ", "cut_of: ", "variants → article → cut_of: "),
        ("config", config.config, "article_date:", "artcle_date:", "'article_date'"),
        ("figures", config.shown, "reads:", "raeds:", "'reads'"),
        ("claims", config.claims, "compare:", "comparr:", "'compare'"),
        ("claims", config.claims, "  judged_in:", "  judgd_in:", "'judged_in'"),
        ("claims", config.claims, "  with:", "  wiht:", "'with'"),
        ("sweeps", settings.sweeps, "  grid:", "  gird:", "'grid'"),
    ],
)
def test_unknown_key_names_its_place_and_the_nearest(checkout, name, read, old, new, expected):
    spoil(checkout, name, old, new)
    text = message(read)
    assert text.startswith(f"config/{name}.yaml: ")
    assert expected in text
    assert f"config/schemas/{name}.json" in text


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("\n    release: 21", "\n    release: twenty", "variants → article → release"),
        ("\n    release: 21", "\n    release: 0", "variants → article → release"),
        ('"2024-12-31"', '"31.12.2024"', "variants → article → cut_off"),
        ('"2024-12-31"', "2024-12-31", "variants → article → cut_off"),
        ("1.13972", "-1", "shared → fixed_usd_per_eur"),
    ],
)
def test_wrong_value_names_its_place(checkout, old, new, place):
    spoil(checkout, "config", old, new)
    assert message(config.config).startswith(f"config/config.yaml: {place}: ")


@pytest.mark.parametrize(
    ("old", "new"), [('compare: "≈"', 'compare: "~"'), ("tolerance: 0.05", "tolerance: 5")]
)
def test_wrong_rule_is_refused(checkout, old, new):
    spoil(checkout, "claims", old, new)
    assert "config/claims.yaml: 2 → asserts → " in message(config.claims)


def test_missing_key_is_named(checkout):
    spoil(checkout, "config", "    totals_release: 21\n", "")
    assert "variants → article → totals_release: field required" in message(config.config)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("variant: latest", "variant: lates", "Did you mean 'latest'"),
        ("[18, 21, 28, 29]", "[18, 21, 21]", "release has a value twice"),
        ("[18, 21, 28, 29]", "[]", "release"),
        ("notebooks/analysis/total.ipynb", "../total.ipynb", "notebook"),
    ],
)
def test_a_sweep_that_cannot_be_meant_is_told(checkout, old, new, told):
    spoil(checkout, "sweeps", old, new)
    assert told in message(settings.sweeps)


@pytest.mark.parametrize("name", FILES)
def test_empty_file_is_told(checkout, name):
    (checkout / f"config/{name}.yaml").write_text("")
    text = message(getattr(settings if name in settings.FILES else config, name))
    assert text.startswith(f"config/{name}.yaml: the whole file: ")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("default_variant: article\nshared: {a: 1\nvariants: x\n", 3),
        ('a: 1\nb: "open\n', 3),
        ("a: 1\nb: 2\n\tc: 3\n", 3),
    ],
)
def test_bad_yaml_names_the_line(checkout, text, row):
    (checkout / "config/config.yaml").write_text(text)
    told = message(config.config)
    assert told.startswith(f"config/config.yaml, row {row}: the file is not valid YAML: ")


def test_unknown_variant_names_the_nearest():
    text = message(config.variant, "artcle")
    assert "'artcle' is not a known variant" in text
    assert "Did you mean 'article'?" in text
    assert "latest" in text
    assert message(config.parameters, "artcle") == text


def test_default_variant_must_exist(checkout):
    spoil(checkout, "config", "default_variant: article", "default_variant: artcle")
    assert "default_variant is not one of the variants" in message(config.config)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("judged_in: literal", "judged_in: litral", "MIL-2a: judged_in names something"),
        ("judged_in: literal", "judged_in: litral", "Did you mean 'literal'?"),
        ("figure: F01", "figure: F99", "MIL-2a: figure names something"),
        ("figure: F01", "figure: F99", "expected: one of ['F01', 'F02'"),
    ],
)
def test_claim_must_name_what_exists(checkout, old, new, expected):
    spoil(checkout, "claims", old, new)
    text = message(config.check_names)
    assert text.startswith("config/claims.yaml: ")
    assert expected in text


def test_claim_needs_no_figure(checkout):
    # The first claim that names this figure.
    spoil(checkout, "claims", "  figure: F01\n", "")
    named = {claim.id: claim.figure for claim in config.claims()}
    assert named["MIL-2a"] is None
    assert named["MIL-2b"] == "F01"


def test_variant_answers_for_a_figure_from_the_needed_cut_off_on(checkout):
    assert not config.answers("F16", "article")
    assert not config.answers("F16", "literal")
    assert config.answers("F16", "latest")
    assert config.answers("F01", "article")
    spoil(checkout, "config", '"2025-02-28"\n    why', '"2025-06-30"\n    why')
    forget()
    assert config.answers("F16", "literal")
