"""What people see of a result: the page, and the tables on the terminal."""

from experiments.reports.page import write_report
from experiments.reports.tables import console_table

__all__ = ["console_table", "write_report"]
