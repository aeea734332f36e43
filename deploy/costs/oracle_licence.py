"""Oracle's licence: in the hour's price with Standard Edition 2, one's own with Enterprise Edition."""

from __future__ import annotations

import re

from benchmarks.scale_cells import make_table
from deploy.costs.price_list import Dollars, PriceList
from deploy.costs.quantities import Installation

VCPUS_A_PROCESSOR = 2
"""Oracle counts two vCPUs with hyper-threading as one processor ("Licensing Oracle Software in the Cloud")."""
DISCOUNT = 0.3
"""What a negotiated licence costs at least, over the list; assumed."""
_SIZE = re.compile(r"\.(\d*)(x?)large$")


def vcpus(machine: str) -> int:
    """Return the virtual processors of a class of machines.

    >>> vcpus("db.m5.large"), vcpus("db.r6i.xlarge"), vcpus("db.r6i.8xlarge")
    (2, 4, 32)
    """
    found = _SIZE.search(machine)
    if found is None:
        raise LookupError(f"how many processors has {machine}")
    return 4 * int(found[1] or 1) if found[2] else 2


def processors(of: Installation) -> int:
    """Return the processors that need a licence of one's own; the second machine needs its own."""
    if of.value("BaseALicense") != "bring-your-own-license":
        return 0
    machines = 2 if of.value("MultiAz") == "true" else 1
    return machines * vcpus(of.value("BaseAClass")) // VCPUS_A_PROCESSOR


def licence_table(of: Installation, prices: PriceList) -> str:
    """Return what a licence of one's own costs, which is not paid to AWS; nothing where AWS lends it."""
    counted = processors(of)
    if not counted:
        return ""
    listed = prices.of("oracle/processor").expected * counted
    once = Dollars(listed * DISCOUNT, listed, listed)
    share = prices.of("oracle/support").expected
    rows = [
        (f"{counted} processors, once", f"{once.low:,.0f}", f"{once.high:,.0f}"),
        ("support, a year", f"{once.low * share:,.0f}", f"{once.high * share:,.0f}"),
    ]
    return make_table((f"Oracle Enterprise Edition on {of.value('BaseAClass')}, $", "from", "list"), rows)
