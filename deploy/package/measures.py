"""How a machine of Elastic Beanstalk hands the measures of its processes to CloudWatch: its agent asks each of them."""

from __future__ import annotations

import json

AGENT = "/opt/aws/amazon-cloudwatch-agent"
NAMESPACE = "escore"
SECONDS = 60
_ENVIRONMENT = "@environment@"
"""Elastic Beanstalk puts the environment's name in its place."""


def agent_settings(system: str) -> str:
    """Return the CloudWatch agent's configuration: the engine's own measures, by system, and requests by status."""
    declaration = {
        "source_labels": ["sistema"],
        "label_matcher": f"^{system}$",
        "dimensions": [["sistema"], ["sistema", "status"]],
        "metric_selectors": ["^escore_"],
    }
    prometheus = {
        "prometheus_config_path": f"{AGENT}/etc/prometheus.yaml",
        "log_group_name": f"/aws/elasticbeanstalk/{_ENVIRONMENT}/measures",
        "emf_processor": {"metric_namespace": NAMESPACE, "metric_declaration": [declaration]},
    }
    text = json.dumps({"logs": {"metrics_collected": {"prometheus": prometheus}}}, indent=2) + "\n"
    return text.replace(_ENVIRONMENT, '`{"Ref": "AWSEBEnvironmentName"}`')


def scrape_settings(system: str, ports: tuple[int, ...]) -> str:
    """Return whom the agent asks: each process, on its own port."""
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    return (
        f"global: {{scrape_interval: {SECONDS}s}}\n"
        "scrape_configs:\n"
        "  - job_name: escore\n"
        f"    static_configs: [{{targets: [{targets}], labels: {{sistema: {system}}}}}]\n"
    )


def extension(system: str, ports: tuple[int, ...]) -> str:
    """Return the `.ebextensions` file that installs the agent from the platform's own repository and starts it."""
    files = {
        f"{AGENT}/etc/escore.json": {
            "mode": "000644",
            "owner": "root",
            "group": "root",
            "content": agent_settings(system),
        },
        f"{AGENT}/etc/prometheus.yaml": {
            "mode": "000644",
            "owner": "root",
            "group": "root",
            "content": scrape_settings(system, ports),
        },
    }
    start = f"{AGENT}/bin/amazon-cloudwatch-agent-ctl -a append-config -m ec2 -s -c file:{AGENT}/etc/escore.json"
    document = {
        "packages": {"yum": {"amazon-cloudwatch-agent": []}},
        "files": files,
        "container_commands": {"10_measures": {"command": start}},
    }
    return json.dumps(document, indent=2) + "\n"  # JSON is YAML
