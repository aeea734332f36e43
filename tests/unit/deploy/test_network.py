"""Who reaches whom in the network, worked out from the rules: each system its own store, and no store anybody."""

from __future__ import annotations

from typing import Any

from deploy.templates import load_templates

NETWORK = load_templates()["network"]["Resources"]
STORES = {"BaseA", "BaseB", "BaseC", "Results", "Cache"}
OWN = {
    "SystemA": {"BaseA", "Results", "Cache"},
    "SystemB": {"BaseB", "Results", "Cache"},
    "SystemC": {"BaseC", "Results", "Cache"},
    "Workers": STORES,
    "Rotation": {"BaseB", "BaseC", "Results"},
}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: body["Properties"] for name, body in NETWORK.items() if body["Type"] == f"AWS::EC2::{kind}"}


def group(reference: dict[str, str]) -> str:
    return reference["Ref"].removesuffix("Group")


def port(value: Any) -> Any:
    return value["Ref"] if isinstance(value, dict) else value


def reached(kind: str, source: str, target: str) -> set[tuple[str, str, Any, Any]]:
    return {
        (group(rule[source]), group(rule[target]), port(rule["FromPort"]), port(rule["ToPort"]))
        for rule in of_type(kind).values()
    }


OUT = reached("SecurityGroupEgress", "GroupId", "DestinationSecurityGroupId")
IN = reached("SecurityGroupIngress", "SourceSecurityGroupId", "GroupId")


def test_each_rule_out_has_its_rule_in():
    assert OUT == IN


def test_each_system_reaches_its_own_store_alone():
    for system, stores in OWN.items():
        assert {target for source, target, *_ in OUT if source == system} - {"Workers"} == stores, system
    assert {source for source, target, *_ in OUT if target in STORES} == set(OWN)


def test_the_way_in_is_the_gateway_s_alone():
    assert {source for source, target, *_ in OUT if target == "Balancer"} == {"VpcLink"}
    assert {source for source, target, *_ in OUT if target in {"SystemA", "SystemB"}} == {"Balancer"}
    assert not {source for source, target, *_ in OUT if target == "SystemC"}


def test_a_store_opens_no_connection_and_only_services_are_reached_by_address():
    for name, properties in of_type("SecurityGroup").items():
        rules = properties["SecurityGroupEgress"]
        outside = [rule for rule in rules if rule["CidrIp"] != "127.0.0.1/32"]
        may = name.removesuffix("Group") in OWN
        assert bool(outside) == may, name
        assert all((rule["FromPort"], rule["ToPort"]) == (443, 443) for rule in outside)
        for rule in properties.get("SecurityGroupIngress", []):
            assert rule["CidrIp"] == {"Ref": "Cidr"}, name


def test_the_stores_subnets_lead_nowhere():
    routes = of_type("Route").values()
    assert all(route["RouteTableId"] != {"Ref": "StoresRoutes"} for route in routes)
    for name, properties in of_type("Subnet").items():
        assert not properties.get("MapPublicIpOnLaunch"), name


def test_base_a_is_reached_on_one_port_and_by_default_over_tls():
    ports = {str(first) for source, target, first, last in OUT if target == "BaseA" and first == last}
    assert ports == {"BaseAPort"}
    assert load_templates()["network"]["Parameters"]["BaseAPort"]["Default"] == 2484
    assert load_templates()["main"]["Parameters"]["BaseAEncryption"]["Default"] == "tls"
    options = load_templates()["base-a"]["Resources"]["Options"]["Properties"]["OptionConfigurations"]
    condition, tls, native = options[0]["Fn::If"]
    assert (condition, tls["OptionName"], tls["Port"]) == ("SpeaksTls", "SSL", 2484)
    asked = {each["Name"]: each["Value"] for each in native["OptionSettings"]}
    assert (native["OptionName"], asked["SQLNET.ENCRYPTION_SERVER"]) == ("NATIVE_NETWORK_ENCRYPTION", "REQUIRED")
