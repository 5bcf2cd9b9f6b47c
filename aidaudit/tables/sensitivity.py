"""How results depend on definitions: specifications, revisions, scenarios."""

from __future__ import annotations

from aidaudit.schema import ISO_DATE, MEASURES, Column, Table

RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {
    "specifications": Table(
        "specifications",
        "The headline total under every admissible combination of choices",
        {
            "release": Column("integer", "Kiel release", minimum=1),
            "cut_off": Column("string", "Last day counted", pattern=ISO_DATE),
            "donors": Column("string", "Donor group: all, nato, nato_eu, european_nato"),
            "membership": Column(
                "string",
                "Allies counted from accession on (dated), or all of them (present)",
                values=["dated", "present"],
            ),
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "aid_types": Column("string", "Types of aid that are counted, joined by ' + '"),
            "refugee_costs": Column("string", "Refugee costs in or out", values=["in", "out"]),
            "fx_method": Column("string", "How euros become US dollars"),
            "prices": Column("string", "Prices", values=["nominal", "constant"]),
            "value_usd_bn": Column("number", "Total", unit="bn US$", minimum=0),
        },
        key=[
            "release",
            "cut_off",
            "donors",
            "membership",
            "measure",
            "aid_types",
            "refugee_costs",
            "fx_method",
            "prices",
        ],
    ),
}
