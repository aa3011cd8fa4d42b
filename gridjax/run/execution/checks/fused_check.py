"""Check of the setting ``fused_recurrence`` against the networks and the device of a run."""

from __future__ import annotations

from gridjax.errors import GridjaxError, Problem
from gridjax.model.fused_recurrence.limits import obstacle_of_device, obstacle_of_network
from gridjax.run.planning.plan import Plan


def check_fused(plan: Plan, device_kind: str) -> None:
    """Check that the recurrence of every bucket of a plan can be one kernel on a device.

    ``device_kind`` is the name that the device reports. Raises GridjaxError with every reason.
    """
    found = [obstacle_of_device(device_kind)]
    found += [obstacle_of_network(bucket.static) for bucket in plan.buckets]
    reasons = list(dict.fromkeys(reason for reason in found if reason is not None))
    if reasons:
        message = f"gridjax.fused_recurrence: true is not possible: {'; '.join(reasons)}"
        raise GridjaxError(Problem(message, fix="leave it out: networks then train without it"))
