"""The evidence on a model: figures with intervals, stability, fairness, proxies, cards."""
