"""How much of what the templates make, by their parameters: machines, hours, gigabytes, keys and alarms of a month.

A function a kind of resource; what is paid by use is left out, and the page of the costs says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.scale_costs import UnitCosts
from benchmarks.scale_prices import Assumptions
from benchmarks.scale_sizing import GB, RANGE_GETS, RANGE_PUTS, Scale, full_reads, sizes
from deploy.templates import FOLDER, ROOT_TEMPLATE, Template, load_template

HOURS = 730.0
"""Of a month."""
NIGHTS = HOURS / 24
SECONDS = HOURS * 3600
MONTH_ENDS = 12
"""Runs that are kept besides the last ``RetentionRuns``."""
PAGE_BYTES = 8192
"""What DocumentDB counts as one page read."""
ROOT_DISK = 8.0
"""GB of a machine of Elastic Beanstalk."""
_CRON = re.compile(r"cron\((\d+) (\d+) ")


@dataclass(frozen=True)
class Quantity:
    """So much of one thing that has a price; ``most`` where the installation grows by itself under load."""

    part: str
    what: str
    price: str
    amount: float
    most: float | None = None


@dataclass(frozen=True)
class Installation:
    """The root's values, the consumers, and what the plan for a country knows of so many."""

    values: Mapping[str, str]
    consumers: int
    costs: UnitCosts

    def value(self, name: str) -> str:
        """Return a parameter of the root."""
        return self.values[name]

    @property
    def scale(self) -> Scale:
        """Return the size in the plan's terms."""
        return Scale(self.consumers, int(self.value("RangeSize")), int(self.value("DaskWorkers")))

    @property
    def runs_kept(self) -> int:
        """Return the runs that PostgreSQL and the lake hold."""
        return int(self.value("RetentionRuns")) + MONTH_ENDS

    @property
    def results_gb(self) -> float:
        """Return what the kept runs take in PostgreSQL."""
        return self.runs_kept * self.consumers * self.costs.postgres_bytes / GB

    @property
    def lake_gb(self) -> float:
        """Return what the kept runs take in the lake."""
        return self.runs_kept * self.consumers * self.costs.lake_bytes / GB

    @property
    def cache_bytes(self) -> float:
        """Return Redis's memory at its peak."""
        return sizes(self.scale, self.costs, Assumptions()).redis


@dataclass(frozen=True)
class Made:
    """One resource with what its stack's parameters are, and the stack's other resources."""

    stack: str
    name: str
    body: Mapping[str, Any]
    parameters: Mapping[str, str]
    others: Mapping[str, Any]
    of: Installation

    def get(self, key: str) -> str:
        """Return one property as text, a reference to a parameter resolved."""
        return self.text(self.body["Properties"][key])

    def text(self, value: Any) -> str:
        """Return a value as text."""
        return str(self.parameters[value["Ref"]] if isinstance(value, dict) else value)


@cache
def _template(file: str) -> Template:
    return load_template(FOLDER / file)


def root_values(given: Mapping[str, str]) -> dict[str, str]:
    """Return all values of the root, its defaults where none is given."""
    parameters = _template(f"{ROOT_TEMPLATE}.yaml")["Parameters"]
    return {name: str(given.get(name, body.get("Default", ""))) for name, body in parameters.items()}


def quantities(of: Installation) -> list[Quantity]:
    """Return all that the templates make, stack by stack, and what a month's nights read and write."""
    return [*(each for made in _resources(of) for each in COUNTED.get(made.body["Type"], _none)(made)), *_nights(of)]


def _resources(of: Installation) -> Iterator[Made]:
    root = _template(f"{ROOT_TEMPLATE}.yaml")
    for stack, nested in root["Resources"].items():
        if not _is_made(nested, of):
            continue
        template = _template(nested["Properties"]["TemplateURL"])
        parameters = _parameters(template, nested["Properties"]["Parameters"], of)
        for name, body in template["Resources"].items():
            if _is_made(body, of):
                yield Made(stack, name, body, parameters, template["Resources"], of)


def _is_made(body: Mapping[str, Any], of: Installation) -> bool:
    elsewhere = of.values.get("PrefectApiUrl", "") != ""
    left_out = {
        "HasDocumentDb": of.value("BaseCKind") != "documentdb",
        "HasNat": of.value("Egress") == "none",
        "HasOwnPrefect": elsewhere,
        "AsksWithKey": not elsewhere,
    }
    return not left_out.get(body.get("Condition", ""), False)


def _parameters(template: Template, given: Mapping[str, Any], of: Installation) -> dict[str, str]:
    found = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
    for name, value in given.items():
        if isinstance(value, dict) and "Ref" in value:
            found[name] = of.value(value["Ref"])
    return found


def _none(made: Made) -> Iterator[Quantity]:
    del made
    return iter(())


def _one(price: str, part: str, amount: float = 1.0) -> Callable[[Made], Iterator[Quantity]]:
    def count(made: Made) -> Iterator[Quantity]:
        yield Quantity(part, made.body["Type"].rpartition("::")[2], price, amount)

    return count


_STORES = {
    "BaseA": "Base A",
    "BaseB": "Base B",
    "BaseBReplica": "Base B",
    "Results": "results",
    "ResultsReplica": "results",
}


def _database(made: Made) -> Iterator[Quantity]:
    properties = made.body["Properties"]
    source = properties.get("SourceDBInstanceIdentifier", {}).get("Ref")
    first = made.others[source]["Properties"] if source else properties
    part = _STORES[made.stack if made.stack == "BaseA" else made.name]
    machines = 2 if made.get("MultiAZ").lower() == "true" else 1
    engine = made.text(first["Engine"])
    license_ = f" {made.text(first['LicenseModel'])}" if "LicenseModel" in first else ""
    yield Quantity(part, "machines", f"{engine}{license_}/{made.get('DBInstanceClass')}", machines * HOURS)
    disk = float(made.text(first["AllocatedStorage"]))
    held = max(disk, made.of.results_gb) if part == "results" else disk
    yield Quantity(part, "disks", "rds/gp3", machines * held)


def _documents(made: Made) -> Iterator[Quantity]:
    of = made.of
    yield Quantity("Base C", "disks", "documentdb/storage", of.consumers * of.costs.bytes_c / GB)
    pages = NIGHTS * of.consumers * of.costs.bytes_c / PAGE_BYTES
    yield Quantity("Base C", "pages", "documentdb/io", pages / 1e6)


def _document_machine(made: Made) -> Iterator[Quantity]:
    yield Quantity("Base C", "machines", f"documentdb/{made.get('DBInstanceClass')}", HOURS)


def _cache(made: Made) -> Iterator[Quantity]:
    nodes = int(made.get("NumNodeGroups")) * (1 + int(made.get("ReplicasPerNodeGroup")))
    yield Quantity("cache", "machines", f"{made.get('Engine')}/{made.get('CacheNodeType')}", nodes * HOURS)


def _environment(made: Made) -> Iterator[Quantity]:
    options = {each["OptionName"]: each["Value"] for each in made.body["Properties"]["OptionSettings"]}
    fewest, most = (float(made.text(options[name])) for name in ("MinSize", "MaxSize"))
    kind = made.text(options["InstanceTypes"])
    yield Quantity("Systems A and B", "machines", f"ec2/{kind}", fewest * HOURS, most * HOURS)
    yield Quantity("Systems A and B", "disks", "ebs/gp3", fewest * ROOT_DISK, most * ROOT_DISK)


def _function(made: Made) -> Iterator[Quantity]:
    gigabytes = float(made.get("MemorySize")) / 1024
    warm = float(made.parameters["WarmInstances"])
    yield Quantity("System C", "kept warm", "lambda/warm", warm * gigabytes * SECONDS)


def _task_hours(made: Made, task: str, hours: float) -> Iterator[Quantity]:
    properties = made.others[task]["Properties"]
    yield Quantity("the night's workers", "processors", "fargate/vcpu", hours * int(properties["Cpu"]) / 1024)
    yield Quantity("the night's workers", "memory", "fargate/gb", hours * int(properties["Memory"]) / 1024)


def _service(made: Made) -> Iterator[Quantity]:
    tasks = int(made.get("DesiredCount"))
    yield from _task_hours(made, made.body["Properties"]["TaskDefinition"]["Ref"], tasks * HOURS)


def _scaled(made: Made) -> Iterator[Quantity]:
    """Count the range workers, which are there from one hour of the night to another."""
    begin, end = (
        int(found[2]) + int(found[1]) / 60
        for each in made.body["Properties"]["ScheduledActions"]
        if (found := _CRON.match(made.text(each["Schedule"])))
    )
    workers = int(made.get("MaxCapacity"))
    yield from _task_hours(made, "RangeTask", workers * ((end - begin) % 24) * NIGHTS)


def _endpoint(made: Made) -> Iterator[Quantity]:
    zones = len(made.body["Properties"].get("SubnetIds", []))
    if zones:  # S3's is a gateway, which costs nothing
        yield Quantity("network", "endpoints", "endpoint", zones * HOURS)


def _firewall(made: Made) -> Iterator[Quantity]:
    yield Quantity("gateway and firewall", "list", "firewall/list", 1)
    yield Quantity("gateway and firewall", "rules", "firewall/rule", len(made.body["Properties"]["Rules"]))


_SMALL = "keys, secrets, alarms"
COUNTED: dict[str, Callable[[Made], Iterator[Quantity]]] = {
    "AWS::RDS::DBInstance": _database,
    "AWS::DocDB::DBCluster": _documents,
    "AWS::DocDB::DBInstance": _document_machine,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::ElasticBeanstalk::Environment": _environment,
    "AWS::Serverless::Function": _function,
    "AWS::ECS::Service": _service,
    "AWS::ApplicationAutoScaling::ScalableTarget": _scaled,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": _one("nat", "network", HOURS),
    "AWS::EC2::EIP": _one("address", "network", HOURS),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _one("balancer", "network", HOURS),
    "AWS::WAFv2::WebACL": _firewall,
    "AWS::KMS::Key": _one("key", _SMALL),
    "AWS::SecretsManager::Secret": _one("secret", _SMALL),
    "AWS::CloudWatch::Alarm": _one("alarm", _SMALL),
    "AWS::CloudWatch::Dashboard": _one("dashboard", _SMALL),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _one("names", _SMALL),
}


def _nights(of: Installation) -> Iterator[Quantity]:
    reads = full_reads(of.consumers, of.costs).size / GB
    yield Quantity("reading between zones", "bytes", "zones", NIGHTS * reads)
    yield Quantity("lake", "disks", "s3/storage", of.lake_gb)
    yield Quantity("lake", "requests", "s3/put", NIGHTS * of.scale.ranges * RANGE_PUTS / 1000)
    yield Quantity("lake", "requests", "s3/get", NIGHTS * of.scale.ranges * RANGE_GETS / 1000)
