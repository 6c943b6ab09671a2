"""The report's figures, checked against sums done by hand."""

from __future__ import annotations

import json

from bnncl.ir.types import Binary, Int, TensorType
from bnncl.kernels.base import calls
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Rescale
from bnncl.plan.bounds import Bound, accumulator_bound, product_bound
from bnncl.plan.op_report import domain_text
from tests.emit.models import spec


def test_macs_are_counted_apart():
    report = spec("cnn").report
    by_module = {op.module: op for op in report.ops}
    assert by_module["features.0"].integer_macs == 12 * 10 * 32 * 9
    assert by_module["features.3"].binary_macs == 6 * 5 * 40 * 9 * 32
    assert by_module["classifier.0"].binary_macs == 48 * 3 * 2 * 64
    assert by_module["classifier.2"].integer_macs == 10 * 48
    assert by_module["features.2"].binary_macs == by_module["features.2"].integer_macs == 0
    assert report.binary_macs == 345600 + 6 * 5 * 64 * 9 * 40 + 18432


def test_bytes_add_up():
    report = spec("cnn").report
    first = report.ops[0]
    assert first.parameter_bytes == 32 * 10 * 2 + 9 * 32 * 4 + 4 + 12 + 10
    assert report.weight_bytes == sum(op.parameter_bytes for op in report.ops)
    assert report.ram_bytes == report.context_bytes + report.arena_bytes + report.scratch_bytes
    assert first.output_bytes == 12 * 10 * 4


def test_headroom_is_how_often_a_range_could_double():
    assert Bound(-128, 127, 8).headroom == 0
    assert Bound(-64, 63, 8).headroom == 1
    assert Bound(0, 64, 8).headroom == 0
    assert Bound(0, 0, 32).headroom == 31
    assert Bound(-(2**31), 5, 32).headroom == 0


def test_accumulator_of_a_binary_layer_is_its_fan_in():
    graph = spec("mlp").graph
    fc1 = calls(graph)[0]
    assert accumulator_bound(fc1.op, graph.input_types(fc1)) == Bound(-70, 70, 32)


def test_product_of_a_rescale_covers_every_accumulator():
    graph = spec("mlp").graph
    head = calls(graph)[-1].op
    assert isinstance(head, BinaryConv)
    assert isinstance(head.epilogue, Rescale)
    bound = product_bound(head, graph.input_types(head))
    assert bound is not None
    products = [
        acc * int(m) + int(b)
        for m, b in zip(head.epilogue.multiplier.data, head.epilogue.bias.data, strict=True)
        for acc in (-64, 0, 64)
    ]
    assert (bound.lo, bound.hi) == (min(products), max(products))


def test_domains_read_as_they_are_stored():
    def text(domain: Binary | Int) -> str:
        return domain_text(TensorType((1, 1, 1), domain))

    assert text(Binary()) == "binary"
    assert text(Int(0, 255, 8)) == "uint8"
    assert text(Int(-128, 127, 8)) == "int8"
    assert text(Int(0, 6, 8)) == "uint8 0..6"
    assert text(Int(-5, 900, 16)) == "int16 -5..900"


def test_json_holds_everything_and_survives_a_round_trip():
    held = spec("cnn").report.as_json()
    again = json.loads(json.dumps(held))
    assert again["totals"]["binary_macs"] == spec("cnn").report.binary_macs
    assert again["ops"][0]["accumulator"]["headroom"] == 12
    assert again["ops"][1]["accumulator"] is None
    assert again["ops"][0]["agreement"] == 1.0
    assert again["agreement"] == 0.9975
    assert again["input"]["shape"] == [12, 10, 1]
