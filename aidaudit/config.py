"""The configuration files, checked when they are read.

The models below describe config/*.yaml beside those of `settings`, which reads them.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel, model_validator

from nbtrail.base import files, settings
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.paths import ALL
from nbtrail.base.settings import Strict

Day = Annotated[str, Field(pattern=r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]$")]
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-[01][0-9]$")]
# Of what has files, anchors and links of its own.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
# Tables that the report itself makes, by the ids under which they are cited.
REPORT_TABLES = {
    "T01": "Claims with their verdicts",
    "T04": "Data, publishers and terms",
    "T11": "Allocations up to the article's date under each reading",
    "T12": "The variants of this report",
    "T13": "Every figure in every variant that can answer",
    "T14": "Every number in the text, by its id",
    "T15": "What each notebook makes",
    "T16": "Faults that were injected into builds, and what came of them",
    "T17": "What releases say beyond their bounds, and why it is accepted",
    "T18": "Good files that were changed on purpose, and what came of them",
    "T19": "Raw tables of which one value was changed, and what changed with it",
    "T20": "Changes to the code that every number passes through",
    "T23": "Rules that changed after a result was known",
}
# In `clean` lists: the activity rows of the release at hand.
ACTIVITIES = "activities"
Compare = Literal["≈", ">", ">=", "<", "<="]


class Variant(Strict):
    """A named set of parameters; the wildcard of the analysis stages."""

    title: str = Field(description="what this variant shows, as the report says it")
    release: int = Field(description="Kiel release with months", ge=1)
    totals_release: int = Field(description="Kiel release of the headline totals", ge=1)
    cut_off: Day = Field(description="last day counted (its whole month counts)")
    why: str = Field(description="the reason for this choice")


class Shared(Strict):
    """Parameters that every variant has in common."""

    article_date: Day = Field(description="the date that the article names")
    fixed_usd_per_eur: float = Field(description="US$ per euro of the fixed method", gt=0)
    items_release: int = Field(description="newest Kiel release whose rows name items", ge=1)


class Switch(Strict):
    """Parameters of the curve of the switch of 2025."""

    since: Month = Field(description="first month after the switch")
    base_from: Month = Field(description="first month of what is compared with")
    first_end: Month = Field(description="first of the last months of the curve")
    answers_from: Day = Field(description="earliest cut-off that answers")
    donors: list[str] = Field(description="donor groups that may have made up", min_length=1)
    block: int = Field(description="months in a block of the bootstrap", ge=1)
    draws: int = Field(description="number of bootstrap draws", ge=100)
    seed: int = Field(description="seed of the draws")
    level: float = Field(description="share of the draws within the interval", gt=0, lt=1)


class Config(Strict):
    """config/config.yaml."""

    default_variant: str
    shared: Shared
    switch: Switch
    variants: dict[Name, Variant]


class Reads(Strict):
    """What a figure's notebook or a claim's test looks at."""

    clean: list[str] = Field(
        default=[], description="clean tables; 'activities' is that of the release at hand"
    )
    lookups: list[str] = Field(default=[], description="tables in config/classifications")


class Figure(Reads):
    """One figure: what its notebook reads, and which variants can answer."""

    name: str
    section: str
    once: bool = Field(default=False, description="drawn once, as it depends on no variant")
    reads: list[str] = Field(default=[], description="result tables of the variant")
    claims: list[str] = Field(default=[], description="claims whose assertion it shows")
    needs_cut_off: Day | None = Field(default=None, description="earliest cut-off that answers")
    parameters: dict[str, Any] = Field(default={}, description="the notebook's own parameters")


class Asserts(Strict):
    """What the article asserts, as a number to compare with."""

    quantity: str
    compare: Compare
    value: float
    unit: str
    tolerance: float = Field(default=0, ge=0, lt=1, description="share of the value, for ≈")


class Claim(Reads):
    """One claim of the article with its test, fixed before the result is computed."""

    id: Name
    locator: str
    section: str
    paraphrase: str
    asserts: Asserts | None = Field(default=None, description="nothing, if not testable")
    test: str
    arguments: dict[str, Any] = Field(default={}, alias="with")
    judged_in: str
    causal: bool = Field(default=False, description="only association can be shown")
    why: str
    figure: str | None = None


class Figures(RootModel[dict[Name, Figure]]):
    """config/figures.yaml."""


class Claims(RootModel[list[Claim]]):
    """config/claims.yaml."""


class ChangedRule(Strict):
    """A rule of a claim that changed after a result was known."""

    claim: str = Field(description="id of the claim")
    old_rule: str = Field(description="what the rule was")
    new_rule: str = Field(description="what it is")
    old_verdict: str = Field(description="verdict by the old rule, judged as the report does")
    reason: str = Field(description="why it changed")


class ChangedRules(RootModel[list[ChangedRule]]):
    """config/changed_rules.yaml."""


class Multiverse(Strict):
    """config/multiverse.yaml: the choices of the specification curve."""

    releases: list[int] = Field(description="Kiel releases, each also at its own last day")
    cut_offs: list[Day] = Field(description="days at which releases with months are cut")
    donors: list[Literal["all", "nato", "nato_eu", "european_nato"]]
    aid_types: list[list[str]] = Field(description="types that are counted together")
    refugee_costs_release: int = Field(description="release of the estimated refugee costs")
    price_year: int = Field(description="year of the constant prices")
    literal: dict[str, str] = Field(description="choices that the article's words fix")
    nearest_to_words: dict[str, str | int] = Field(description="and those that they leave open")

    @property
    def window(self) -> tuple[str, str]:
        """First and last day that the article can have meant."""
        return min(self.cut_offs), max(self.cut_offs)


class NoDeparture(Strict):
    """The options of each choice that a quoted sentence, and what existed then, allow."""

    release: list[Literal["newest", "older", "not yet published", "unknown"]]
    donors: list[str]
    measure: list[Literal["allocation", "commitment"]]
    refugee_costs: list[Literal["in", "out"]]
    fx_method: list[str]


class Origin(Strict):
    """config/origin.yaml: where a quoted total can come from."""

    step: float = Field(description="to which totals are rounded, bn US$", gt=0)
    around: int = Field(description="multiples of it on either side that are counted", ge=0)
    releases: list[int] = Field(description="Kiel releases")
    donors: list[str] = Field(description="donor groups")
    measures: list[Literal["allocation", "commitment"]]
    refugee_costs_release: int = Field(description="release of the estimated refugee costs")
    fx_methods: list[str] = Field(description="named methods; other days are tried as well")
    literal: NoDeparture = Field(description="what is no departure; all else counts one each")


class Scenario(Strict):
    """One of the article's endings as a path of aid; every parameter has its reason."""

    title: str
    claim: str = Field(description="id of the claim whose ending this is")
    donors: list[str] = Field(description="donors, or donor groups, that pay")
    history_from: Month = Field(description="first month of the quarters that are drawn")
    history_to: Month = Field(description="last month of the quarters that are drawn")
    military_from: float = Field(description="lowest quantile of military quarters", ge=0, le=1)
    military_to: float = Field(description="highest quantile of military quarters", ge=0, le=1)
    other_aid: bool = Field(description="whether financial and humanitarian aid is counted")
    quarters: int = Field(description="length of the path in quarters", ge=1, le=40)
    hold_quarters: int = Field(description="quarters before aid tapers off", ge=0)
    end_level: float = Field(description="level in the last quarter, share of before", ge=0)
    reasons: dict[str, str] = Field(description="the reason for every parameter above")

    @model_validator(mode="after")
    def _every_parameter_has_a_reason(self) -> Scenario:
        needed = set(type(self).model_fields) - {"title", "claim", "reasons"}
        if set(self.reasons) != needed:
            raise ValueError(f"reasons must be given for exactly {sorted(needed)}")
        return self


class Scenarios(Strict):
    """config/scenarios.yaml."""

    release: int = Field(description="Kiel release with months whose quarters are drawn")
    cut_off: Day = Field(description="last day of the last whole quarter of that release")
    need_from: Month = Field(description="first month of what all donors gave before")
    need_to: Month = Field(description="last month of what all donors gave before")
    gdp_year: int = Field(description="year of the GDP that costs are compared with")
    draws: int = Field(description="number of bootstrap draws", ge=100)
    seed: int = Field(description="seed of the draws")
    scenarios: dict[str, Scenario]


FILES: dict[str, type[BaseModel]] = {
    "config": Config,
    "figures": Figures,
    "claims": Claims,
    "changed_rules": ChangedRules,
    "multiverse": Multiverse,
    "origin": Origin,
    "scenarios": Scenarios,
}


@cache
def config() -> Config:
    """config/config.yaml, checked. Raises AuditError."""
    entry = settings.load("config", Config)
    if entry.default_variant not in entry.variants:
        raise AuditError(
            "default_variant is not one of the variants.",
            file="config/config.yaml",
            found=entry.default_variant,
            expected=f"one of {list(entry.variants)}",
        )
    return entry


@cache
def multiverse() -> Multiverse:
    """config/multiverse.yaml, checked. Raises AuditError."""
    return settings.load("multiverse", Multiverse)


@cache
def origin() -> Origin:
    """config/origin.yaml, checked. Raises AuditError."""
    return settings.load("origin", Origin)


@cache
def scenarios() -> Scenarios:
    """config/scenarios.yaml, checked. Raises AuditError."""
    return settings.load("scenarios", Scenarios)


@cache
def shown() -> dict[str, Figure]:
    """config/figures.yaml, checked: figures (F01 …) and tables (T02 …). Raises AuditError."""
    return settings.load("figures", Figures).root


def figures() -> dict[str, Figure]:
    """The figures of config/figures.yaml."""
    return {name: entry for name, entry in shown().items() if name.startswith("F")}


def tables() -> dict[str, Figure]:
    """The report's tables that have a notebook of their own."""
    return {name: entry for name, entry in shown().items() if name.startswith("T")}


@cache
def claims() -> list[Claim]:
    """config/claims.yaml, checked; claims in the article's order. Raises AuditError."""
    entries = settings.load("claims", Claims).root
    for claim in entries:
        if claim.asserts is None and claim.test != "not_testable":
            raise AuditError(
                f"{claim.id}: asserts is missing.",
                file="config/claims.yaml",
                expected="what the article asserts, as a number to compare with",
                mend="add `asserts`, or name the test not_testable with its reason.",
            )
    return entries


def check_names() -> None:
    """Raise AuditError for an entry that names a variant, figure or claim that there is not.

    For the plan: a job sees its own entries alone.
    """
    for claim in claims():
        for what, name, known in (
            ("judged_in", claim.judged_in, [ALL, *config().variants]),
            ("figure", claim.figure, [None, *shown()]),
        ):
            if name not in known:
                raise AuditError(
                    f"{claim.id}: {what} names something that does not exist.",
                    file="config/claims.yaml",
                    found=name,
                    expected=f"one of {[k for k in known if k]}",
                    mend=nearest(name, [k for k in known if k]),
                )
    known = [claim.id for claim in claims()]
    for figure, entry in shown().items():
        for name in entry.claims:
            if name not in known:
                raise AuditError(
                    f"{figure}: claims names something that does not exist.",
                    file="config/figures.yaml",
                    found=name,
                    expected=f"one of {known}",
                    mend=nearest(name, known) or None,
                )


def changed_rules() -> list[ChangedRule]:
    """config/changed_rules.yaml, checked. Raises AuditError."""
    entries = settings.load("changed_rules", ChangedRules).root
    known = [claim.id for claim in claims()]
    for entry in entries:
        if entry.claim not in known:
            raise AuditError(
                f"there is no claim '{entry.claim}'.",
                file="config/changed_rules.yaml",
                expected=f"one of {known}",
                mend=nearest(entry.claim, known) or None,
            )
    return entries


def claims_of(name: str) -> list[Claim]:
    """The claims that are judged against the variant of this name, or once (`all`)."""
    return [claim for claim in claims() if (claim.judged_in == ALL) == (name == ALL)]


def reads_of_claims(name: str) -> Reads:
    """What the tests of these claims look at, together."""
    chosen = claims_of(name)
    return Reads(
        clean=sorted({name for claim in chosen for name in claim.clean}),
        lookups=sorted({name for claim in chosen for name in claim.lookups}),
    )


def variant(name: str) -> Variant:
    """The variant of this name. Raises AuditError for an unknown one."""
    known = config().variants
    if name not in known:
        raise AuditError(
            f"'{name}' is not a known variant.",
            file="config/config.yaml",
            found=name,
            expected=f"one of {list(known)}",
            mend=nearest(name, list(known)) + "Add it under `variants`.",
        )
    return known[name]


def parameters(name: str) -> dict[str, Any]:
    """Everything that a notebook of this variant may be given: name → value.

    What is computed once gets the newest release that names items, and the article's date.
    """
    shared = config().shared.model_dump()
    if name == ALL:
        release, cut_off = shared["items_release"], shared["article_date"]
        own = {"release": release, "totals_release": release, "cut_off": cut_off}
    else:
        own = variant(name).model_dump(include={"release", "totals_release", "cut_off"})
    return {"variant": name, "variants": list(config().variants), **own, **shared}


def switch_parameters() -> dict[str, Any]:
    """What the notebook of the switch of 2025 is given of its own: name → value."""
    return config().switch.model_dump(exclude={"answers_from"})


def results_of(name: str) -> list[str]:
    """The result tables of a variant that claims may look at."""
    return [] if name == ALL else ["monthly", *(["switch"] if switches(name) else [])]


def switches(name: str) -> bool:
    """Whether a variant's data reach far enough for the curve of the switch."""
    return name != ALL and variant(name).cut_off >= config().switch.answers_from


def article_asserts() -> Asserts:
    """What the article says of the total, in bn US$."""
    (asserted,) = [c.asserts for c in claims() if c.id == "MIL-2a" and c.asserts]
    return asserted


def article_total() -> float:
    """The total that the article names, in bn US$, as its claim asserts it."""
    return article_asserts().value


def scenario_parameters(name: str) -> dict[str, Any]:
    """Everything that the scenarios' notebook is given for one of them: name → value."""
    shared = scenarios().model_dump(exclude={"scenarios"})
    own = scenarios().scenarios[name].model_dump(exclude={"reasons", "claim", "title"})
    return {"scenario": name, **shared, **own}


def answers(figure: str, name: str) -> bool:
    """Whether a figure or table is made for a variant (or once, for `all`)."""
    entry = shown()[figure]
    if entry.once or name == ALL:
        return entry.once and name == ALL
    return entry.needs_cut_off is None or variant(name).cut_off >= entry.needs_cut_off


def drawn(variants: list[str]) -> list[tuple[str, str]]:
    """(figure, variant) of every figure that is drawn for these variants, or once."""
    return _answered(figures(), variants)


def listed(variants: list[str]) -> list[tuple[str, str]]:
    """The jobs before the report whose notebooks it lists: (variant, name), sorted."""
    own = [(variant, name) for name, variant in [*drawn(variants), *tabled(variants)]]
    own += [(variant, name) for variant in variants for name in ("results", "claims")]
    own += [(variant, "switch") for variant in variants if switches(variant)]
    once = [f"scenario_{name}" for name in scenarios().scenarios]
    own += [(ALL, name) for name in ("claims", "multiverse", "origin", "V01", *once)]
    return sorted(own)


def tabled(variants: list[str]) -> list[tuple[str, str]]:
    """(table, variant) of every table that is made for these variants, or once."""
    return _answered(tables(), variants)


def _answered(entries: dict[str, Figure], variants: list[str]) -> list[tuple[str, str]]:
    return [
        (figure, name)
        for figure in entries
        for name in dict.fromkeys([ALL, *variants])
        if answers(figure, name)
    ]


@cache
def context() -> dict[str, list[str]]:
    """Clean context table → the raw folders that it is made from (config/sources.yaml)."""
    made: dict[str, list[str]] = {}
    for entry in files.read_yaml("config/sources.yaml")["tables"]:
        if "clean" in entry:
            made.setdefault(entry["clean"], []).append(entry["folder"])
    return made


def judged() -> dict[str, str]:
    """Claim → its id in the variant that decides it."""
    return {claim.id: f"{claim.id}-{claim.judged_in}" for claim in claims()}


def paraphrases() -> dict[str, str]:
    """Claim → what the article says, in our words."""
    return {claim.id: claim.paraphrase for claim in claims()}


def models() -> dict[str, type[BaseModel]]:
    """Name of each file of the audit's own settings → its model."""
    return FILES
