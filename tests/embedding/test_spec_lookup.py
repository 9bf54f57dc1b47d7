"""A model that is compiled here is found by its fingerprint, under the name that its index has."""

import json
from dataclasses import replace
from pathlib import Path

from lookalike.embedding.specs.resolving import resolve
from lookalike.embedding.specs.spec_lookup import spec_of
from lookalike.records import ModelIdentity


def test_a_compiled_model_has_the_name_that_a_person_gave_and_not_that_of_the_file_it_was_compiled_for(
    tmp_path: Path,
) -> None:
    spec = resolve("efficientnet-lite0")
    compiled = tmp_path / "models" / spec.fingerprint / "manifest.json"
    compiled.parent.mkdir(parents=True)
    compiled.write_text(json.dumps({"spec": json.loads(replace(spec, name="export-3.onnx").to_json())}))
    found = spec_of(ModelIdentity("mine", spec.fingerprint, spec.dimension or 0, spec.metric), tmp_path)
    assert found == replace(spec, name="mine") and found.fingerprint == spec.fingerprint
