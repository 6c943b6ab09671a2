"""What learning refuses at compile time, and what it says of memory."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.driver.options import Options
from bnncl.driver.real_head import RealHead
from bnncl.kernels.learned_head import head_of
from bnncl.plan.learn_bounds import proofs
from bnncl.verification.train import verify_training
from tests.e2e.zoo import SignLayer, build, images


def compiled(module=None, **options):
    x = images(32)
    given = {"calibration": x, "train": "head", **options}
    return bnncl.compile(build("mlp") if module is None else module, example=x[:1], name="net", **given)


def refused(kind=bnncl.UsageError, **options):
    with pytest.raises(kind) as caught:
        compiled(**options)
    return [problem.slug for problem in caught.value.problems], caught.value


def test_bad_options_are_told_of_all_at_once():
    sizes = {"replay": -1, "epochs": 0, "experience": 0, "max_classes": 0, "minibatch": (0, -1)}
    sizes["replay_bits"] = 5
    options = Options(train="head", qf=9, qb=4, rate=0.0, rounding="up", abort="flash", **sizes)
    with pytest.raises(bnncl.UsageError) as caught:
        options.resolve()
    slugs = [problem.slug for problem in caught.value.problems]
    assert sorted(slugs) == sorted(["bad-count"] * 6 + ["bad-width"] * 3 + ["bad-rate"] + ["bad-choice"] * 2)
    assert caught.value.exit_code == 2


def test_a_module_that_is_not_there_cannot_be_trained():
    assert refused(train="layer4")[0] == ["unknown-train-module"]


def test_options_of_a_tail_need_one():
    slugs, error = refused(train="head", qw=8, ste="identity")
    assert slugs == ["tail-required"]
    assert "--qw, --ste" in str(error)


def test_bad_options_of_a_tail_are_told_of_all_at_once():
    options = Options(
        train="3",
        qw=12,
        accumulate=3,
        replay_bits=5,
        ste="up",
        latent_rule="both",
        tail_rate=-1.0,
        filter_rate=0.0,
    )
    with pytest.raises(bnncl.UsageError) as caught:
        options.resolve()
    slugs = [problem.slug for problem in caught.value.problems]
    assert sorted(slugs) == sorted(["bad-width"] * 2 + ["bad-count"] + ["bad-rate"] * 2 + ["bad-choice"] * 2)


def test_a_new_head_needs_room_and_takes_no_replays():
    assert refused(new_head=True)[0] == ["too-few-classes"]
    with pytest.raises(bnncl.UsageError) as caught:
        Options(train="head", new_head=True, max_classes=4, replay=8, replay_init="x.npz").resolve()
    assert [problem.slug for problem in caught.value.problems] == ["replay-init-new-head"]


def test_a_new_head_knows_nothing_at_first():
    x = images(12)
    project = compiled(new_head=True, max_classes=6, replay=8)
    assert (project.run(x.numpy()) == -(2**15)).all()
    learner = project.learn(x.numpy(), np.arange(12) % 3)
    assert learner.head.known().tolist() == [True] * 3 + [False] * 3


def test_weights_of_a_new_head_have_the_unit_of_its_features_and_not_of_old_weights():
    def exponent(new: bool, grown: float) -> int:
        torch.manual_seed(0)
        module = real_mlp()
        with torch.no_grad():
            module[-1].weight.mul_(grown)
            module[-1].bias.zero_()
        settings = {"new_head": True, "max_classes": 4} if new else {}
        graph = compiled(module, **settings).spec.graph
        return head_of(graph).config.weight_exponent

    assert exponent(False, 16.0) == exponent(False, 1.0) - 4
    assert exponent(True, 16.0) == exponent(True, 1.0)


def test_the_reach_of_a_new_head_by_hand():
    head = RealHead(np.ones((2, 2)), np.zeros(2), "head")
    features = np.array([[1.0, 5.0], [1.0, -3.0]])
    assert head.anew(features).reach == 2.0 / 4.0
    assert head.anew(features[:1]).reach is None


def test_options_of_learning_need_train():
    slugs, error = refused(train=None, replay=10, qf=4)
    assert slugs == ["train-required"]
    assert "--replay, --qf" in str(error)


def test_learning_needs_calibration():
    slugs, error = refused(calibration=None)
    assert slugs == ["calibration-required"]
    assert error.exit_code == 2


def test_a_model_that_ends_otherwise_has_no_head():
    module = nn.Sequential(nn.Conv2d(1, 10, 8), nn.Flatten(), SignLayer(), nn.Linear(10, 4), nn.ReLU())
    slugs, error = refused(bnncl.UnsupportedModel, module=module.eval())
    assert slugs == ["no-head"]
    assert error.exit_code == 3


def real_mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 4)).eval()


def test_a_model_without_bits_before_the_head_keeps_numbers():
    project = compiled(real_mlp())
    assert project.report.learning.latent_bits == 8
    assert any("latents are numbers of 8 bits" in warning for warning in project.report.warnings)
    assert not any("latents" in warning for warning in compiled(real_mlp(), replay_bits=7).report.warnings)
    assert not any("latents" in warning for warning in compiled().report.warnings)


def test_what_more_bits_than_the_head_reads_cost_is_said():
    (warning,) = compiled(real_mlp(), replay_bits=6, qf=4, replay=9, max_classes=11).report.warnings
    assert "the head reads 4 of them" in warning


def test_a_model_without_bits_before_the_head_has_no_binary_cut():
    slugs, error = refused(module=real_mlp(), replay_bits=1)
    assert slugs == ["no-binary-cut"]
    assert error.exit_code == 2
    assert "--replay-bits 8, 7 or 6" in str(error)


@pytest.mark.parametrize("bits", [8, 7, 6])
def test_more_bits_than_a_binary_feature_has_are_refused(bits):
    slugs, error = refused(replay_bits=bits)
    assert slugs == ["latents-are-bits"]
    assert error.exit_code == 2
    assert "reads 50 bits" in str(error)
    assert compiled(replay_bits=1).report.learning.latent_bits == 1


def test_there_is_room_for_the_classes_of_the_model():
    slugs, error = refused(max_classes=9)
    assert slugs == ["too-few-classes"]
    assert "Give --max-classes 10" in str(error)
    assert compiled(max_classes=None).spec.graph.ops[-1].op.config.max_classes == 10


@pytest.mark.parametrize("rate", [1e-9, 1e12])
def test_a_rate_that_changes_nothing_or_all(rate):
    assert refused(rate=rate)[0] == ["bad-rate"]


def test_a_minibatch_whose_sums_overflow():
    assert refused(minibatch=(60000, 60000))[0] == ["learning-overflow"]


@pytest.mark.parametrize("labels", [None, [10] * 4, [-1] * 4])
def test_replays_have_labels_of_the_model(labels):
    given = None if labels is None else np.array(labels)
    slugs, error = refused(replay=4, replay_init=(images(4), given))
    assert slugs == ["replay-init-labels"]
    assert "  why: " in str(error)
    assert "  fix: " in str(error)


def test_replays_need_slots():
    slugs, error = refused(replay=0, replay_init=(images(4), np.zeros(4, int)))
    assert slugs == ["replay-init-without-slots"]
    assert "Add --replay N" in str(error)


def test_learning_that_lacks_replays_or_room_for_a_class_is_warned_of():
    replays, room = compiled(replay=0, max_classes=None).report.warnings
    assert "No replay memory (0 slots)" in replays
    assert "--replay N" in replays
    assert "No room for a new class: only the 10 classes" in room
    assert "--max-classes N above 10" in room
    assert compiled(replay=9, max_classes=11).report.warnings == ()


def test_the_past_of_the_classes_may_be_told():
    counts = tuple(range(10))
    head = compiled(known_counts=counts, max_classes=11).spec.graph.ops[-1].op
    assert head.past.data.tolist() == [1, *counts[1:], 0]
    assert refused(known_counts=(1, 2))[0] == ["bad-count"]


@pytest.mark.parametrize("ram", [19_998, 20_000, 20_001, 20_003, 20_008, 20_010])
def test_a_replay_memory_larger_than_the_ram_says_how_many_slots_would_fit(ram):
    slugs, error = refused(bnncl.DoesNotFit, replay=5000, ram=ram)
    assert slugs == ["does-not-fit"]
    assert error.exit_code == 4
    fitting = int(re.search(r"fix: --replay (\d+): of 5000 replay slots \1 would fit\.", str(error))[1])
    report = compiled(replay=fitting, ram=ram).report
    assert report.ram_bytes <= ram
    assert report.ram_bytes == report.context_bytes + report.workspace_bytes + report.learning.state_bytes
    slugs, error = refused(bnncl.DoesNotFit, replay=fitting + 1, ram=ram)
    assert slugs == ["does-not-fit"]
    assert f"fix: --replay {fitting}: of {fitting + 1} replay slots {fitting} would fit." in str(error)


def test_a_head_larger_than_the_ram_fits_with_no_replay_memory():
    _, error = refused(bnncl.DoesNotFit, replay=10, ram=2_000)
    assert "Not even a learning model without a replay memory would fit. The arena takes" in str(error)


def test_learning_in_python_says_what_there_is_no_room_for():
    project = compiled(experience=4)
    with pytest.raises(bnncl.UsageError) as caught:
        project.learn(images(5), [0, 1, 2, 3, 10])
    assert [problem.slug for problem in caught.value.problems] == ["labels-range", "experience-full"]
    assert caught.value.exit_code == 2


def test_a_project_without_learning_says_so(tmp_path, host_target):
    project = compiled(train=None)
    with pytest.raises(bnncl.UsageError) as caught:
        project.learner()
    assert caught.value.problems[0].slug == "not-learning"
    folder = project.write(tmp_path / "net")
    with pytest.raises(bnncl.UsageError) as caught:
        verify_training(folder, host_target, np.zeros((1, 8, 8, 1), np.int64), None)
    assert caught.value.problems[0].slug == "not-learning"


def test_labels_without_room_are_refused_by_verify(tmp_path, host_target):
    folder = compiled().write(tmp_path / "net")
    with pytest.raises(bnncl.UsageError) as caught:
        verify_training(folder, host_target, np.zeros((1, 8, 8, 1), np.int64), np.array([10]))
    assert caught.value.problems[0].slug == "labels-range"


def test_zeros_in_the_head_are_no_problem():
    module = build("mlp")
    module[-2].running_var.fill_(1.0)
    head = nn.Sequential(*list(module)[:-3], nn.Linear(50, 10))
    with torch.no_grad():
        head[-1].weight.zero_()
        head[-1].bias.zero_()
    assert not compiled(head.eval()).run(images(3)).any()


def test_every_proof_of_learning_is_asserted_in_the_code():
    project = compiled()
    config = project.spec.graph.ops[-1].op.config
    code = project.files()["src/net_learn.c"].decode()
    names = [name for name, *_ in proofs(config)]
    assert len(set(names)) == len(names) > 20
    assert [name for name in names if code.count(f"learning_{name}_fits);") != 1] == []
