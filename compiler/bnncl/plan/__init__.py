"""Memory planning, budgets and the report model."""

from __future__ import annotations

from bnncl.plan.arena import plan_memory, plan_program
from bnncl.plan.budget import Advice, Limits, check_budget
from bnncl.plan.check_plan import BrokenPlanError, check_plan
from bnncl.plan.memory import Location, MemoryPlan, Place, Plans
from bnncl.plan.op_report import Measured
from bnncl.plan.report import Report, build_report

__all__ = [
    "Advice",
    "BrokenPlanError",
    "Limits",
    "Location",
    "Measured",
    "MemoryPlan",
    "Place",
    "Plans",
    "Report",
    "build_report",
    "check_budget",
    "check_plan",
    "plan_memory",
    "plan_program",
]
