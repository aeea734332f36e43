"""A report's link is where reports are served, else the file."""

from contracts.settings import Settings
from flows.report_link import report_link


def test_a_link_leads_to_the_server_of_reports_or_to_the_file(tmp_path):
    report = tmp_path / "relatorios" / "execução 1.html"
    assert report_link(Settings(var=tmp_path), report) == report.as_uri()
    served = Settings(var=tmp_path, reports_url="https://relatorios.example/escore/")
    assert report_link(served, report) == "https://relatorios.example/escore/relatorios/execu%C3%A7%C3%A3o%201.html"
