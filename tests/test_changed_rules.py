"""Rules that changed after a result was known: every entry names a claim and a real change."""

import pytest

from aidaudit import config
from aidaudit.claims import verdicts
from nbtrail.base.errors import AuditError


@pytest.fixture(autouse=True)
def fresh():
    config.claims.cache_clear()


def test_every_changed_rule_names_a_claim_and_a_verdict_of_the_scale():
    entries = config.changed_rules()
    assert entries
    for entry in entries:
        assert entry.old_verdict in verdicts.VERDICTS, entry.claim
        assert entry.old_rule != entry.new_rule, entry.claim


def test_an_unknown_claim_is_told_with_the_nearest(monkeypatch):
    entry = {"old_rule": "a", "new_rule": "b", "old_verdict": "supported", "reason": "c"}
    read = config.files.read_yaml
    monkeypatch.setattr(
        config.files,
        "read_yaml",
        lambda path: [{"claim": "SCN-3b", **entry}] if "changed" in str(path) else read(path),
    )
    with pytest.raises(AuditError, match="no claim 'SCN-3b'") as error:
        config.changed_rules()
    assert "Did you mean" in error.value.mend
