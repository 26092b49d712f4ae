"""Checks a resource (JSON) against the definition of its kind (YAML): custom_resource.py DEFINITION RESOURCE."""

import json
import sys

import jsonschema
import yaml


def strict(schema):
    """A field that the schema does not know is dropped in silence by Kubernetes; here it is an error."""
    if isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        if isinstance(schema.get("pattern"), str):
            # Go takes flags anywhere, Python at the beginning.
            schema["pattern"] = schema["pattern"].replace("^(?i)", "(?i)^")
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)
    return schema


def main(definition, resource):
    with open(definition) as file:
        versions = yaml.safe_load(file)["spec"]["versions"]
    with open(resource) as file:
        resource = json.load(file)
    (version,) = [v for v in versions if resource["apiVersion"].endswith("/" + v["name"])]
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"].pop("metadata")
    resource.pop("metadata")
    jsonschema.validate(resource, strict(schema))


main(*sys.argv[1:])
