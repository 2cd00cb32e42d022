"""Contracts that no part of the platform has, for parts that a flow brings along."""
from google.protobuf import descriptor_pb2

from platform_under_test import protoset


def varint(number):
    text = b""
    while number > 127:
        text, number = text + bytes([number & 127 | 128]), number >> 7
    return text + bytes([number])


def field(number, value):
    """A length-delimited field in wire bytes."""
    return varint(number << 3 | 2) + varint(len(value)) + value


# Options of other files' making stay bytes in Python: (simpul.bus.v1.exposure) and (google.api.http).
EXPOSURE_PUBLIC = varint(50101 << 3) + b"\x01"
HTTP = 72295728


def contract_with_route(package, path, fields=(), more=()):
    """A protoset whose only service is public and has GetClaim, GET `path` over REST.

    Its answer has the text fields `fields`, numbered from 1; `more` are further methods, (name, path) each.
    """
    contract = descriptor_pb2.FileDescriptorSet()
    contract.CopyFrom(protoset())
    file = contract.file.add(name=package.replace(".", "/") + "/claim.proto", package=package, syntax="proto3",
                             dependency=["google/api/annotations.proto", "simpul/bus/v1/bus.proto"])
    file.message_type.add(name="ClaimRequest")
    claim = file.message_type.add(name="Claim")
    for number, name in enumerate(fields, 1):
        claim.field.add(name=name, json_name=name, number=number, label="LABEL_OPTIONAL", type="TYPE_STRING")
    service = file.service.add(name="ClaimService")
    service.options.MergeFromString(EXPOSURE_PUBLIC)
    for name, where in (("GetClaim", path), *more):
        method = service.method.add(name=name, input_type=f".{package}.ClaimRequest", output_type=f".{package}.Claim")
        method.options.MergeFromString(field(HTTP, field(2, where.encode())))  # HttpRule.get
    return contract
